//! What is worth a Kubernetes Event: what was done, and what changed for better or worse.
//! What stays as it is, good or bad, is told once.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource as _;
use kube::runtime::events::{Event, EventType};
use source_api::{Condition, ConditionStatus, Dependent, MnsOssSource, MnsOssSourceStatus, READY};
use tracing::debug;

use crate::context::Context;
use crate::deployment::AdapterDone;
use crate::metrics::Written;
use crate::reconcile::Done;

/// The longest note that the API server takes, in bytes.
const LONGEST: usize = 1024;

/// How serious a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All goes its way.
    Normal,
    /// Somebody should look.
    Warning,
}

/// One event to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How serious it is.
    pub kind: Kind,
    /// In one word.
    pub reason: String,
    /// In a sentence.
    pub message: String,
}

impl Note {
    pub(crate) fn normal(reason: &str, message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Normal,
            reason: reason.to_owned(),
            message: message.into(),
        }
    }

    pub(crate) fn warning(reason: &str, message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Warning,
            ..Self::normal(reason, message)
        }
    }
}

pub(crate) fn notes(old: &MnsOssSourceStatus, new: &MnsOssSourceStatus, done: &Done) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some((leftovers, removed)) = &done.leftovers {
        let what = leftovers.describe();
        match removed {
            Ok(()) => notes.push(Note::normal("CleanedUp", format!("removed {what}"))),
            Err(trouble) if !trouble.disposition.is_retryable() => {
                let message = format!("left behind: {what}; {}", trouble.message);
                notes.push(Note::warning("LeftBehind", message));
            }
            Err(_) => {}
        }
    }
    for step in done.cloud.iter().flatten() {
        notes.push(Note::normal(step.reason(), step.describe()));
    }
    notes.extend(adapter(done));
    notes.extend(
        new.conditions
            .iter()
            .filter_map(|condition| turned(old, condition, done)),
    );
    notes
}

fn adapter(done: &Done) -> Option<Note> {
    let name = done
        .deployment
        .as_ref()?
        .metadata
        .name
        .clone()
        .unwrap_or_default();
    match done.adapter {
        AdapterDone::Created => Some(Note::normal(
            "DeploymentCreated",
            format!("made deployment `{name}`"),
        )),
        AdapterDone::Updated => Some(Note::normal(
            "DeploymentUpdated",
            format!("changed deployment `{name}`"),
        )),
        AdapterDone::Left | AdapterDone::Refused { .. } => None,
    }
}

/// A condition that failed, or the source having become ready.
fn turned(old: &MnsOssSourceStatus, condition: &Condition, done: &Done) -> Option<Note> {
    let before = old
        .conditions
        .iter()
        .find(|before| before.type_ == condition.type_);
    let state = |condition: &Condition| {
        let Condition {
            status,
            reason,
            message,
            ..
        } = condition;
        (*status, reason.clone(), message.clone())
    };
    if before.map(state) == Some(state(condition)) {
        return None;
    }
    if condition.type_ == READY {
        let is_ready = condition.status == ConditionStatus::True;
        return is_ready.then(|| Note::normal("SourceReady", "the source is ready"));
    }
    let dependent = Dependent::ALL
        .into_iter()
        .find(|dependent| dependent.as_str() == condition.type_)?;
    let is_refused = matches!(done.adapter, AdapterDone::Refused { .. });
    // Pods that are not up yet are told of by whoever runs them.
    let is_told_elsewhere = dependent == Dependent::Deployed && !is_refused;
    if condition.status != ConditionStatus::False || is_told_elsewhere {
        return None;
    }
    let message = condition.message.clone().unwrap_or_default();
    let reason = match dependent {
        // The name that Knative's own sources give it.
        Dependent::SinkProvided => "SinkNotFound",
        Dependent::DeadLetterSinkResolved => "DeadLetterSinkNotFound",
        _ => condition.reason.as_deref().unwrap_or(&condition.type_),
    };
    Some(Note::warning(reason, message))
}

/// Publishes notes. One that is not taken, such as in a namespace that is being deleted, is
/// let go: the conditions say the same.
pub(crate) async fn publish(ctx: &Context, source: &MnsOssSource, notes: &[Note]) {
    // Without its version, so that repetitions are recognised.
    let about = ObjectReference {
        resource_version: None,
        ..source.object_ref(&())
    };
    for note in notes {
        match ctx.recorder.publish(&event(note), &about).await {
            Ok(()) => ctx.metrics.wrote(Written::Event),
            Err(error) => debug!(error = %error, "an event was not taken"),
        }
    }
}

fn event(note: &Note) -> Event {
    let end = note.message.floor_char_boundary(LONGEST);
    Event {
        type_: match note.kind {
            Kind::Normal => EventType::Normal,
            Kind::Warning => EventType::Warning,
        },
        reason: note.reason.clone(),
        note: Some(note.message[..end].to_owned()),
        action: "Reconcile".to_owned(),
        secondary: None,
    }
}
