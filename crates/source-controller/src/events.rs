//! Kubernetes events: the executed steps, and conditions that changed. A state that lasts is
//! reported once.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource as _;
use kube::runtime::events::{Event, EventType};
use source_api::{Condition, ConditionStatus, Dependent, MnsOssSource, MnsOssSourceStatus, READY};
use tracing::debug;

use crate::context::Context;
use crate::deployment::{AdapterOutcome, AppliedAdapter};
use crate::metrics::WrittenObject;
use crate::reconcile::Applied;

/// Maximum length of a note that the API server accepts.
const MAX_NOTE_BYTES: usize = 1024;

/// The events of a reconcile that replaced the status `old` by `new`. Pure.
pub(crate) fn events(
    old: &MnsOssSourceStatus,
    new: &MnsOssSourceStatus,
    applied: &Applied,
) -> Vec<Event> {
    let orphans = applied.orphans.iter().filter_map(|(orphans, removed)| {
        let what = orphans.describe();
        match removed {
            Ok(()) => Some(normal("CleanedUp", &format!("removed {what}"))),
            Err(problem) if problem.disposition.is_retryable() => None,
            Err(problem) => {
                let message = format!("left behind: {what}; {}", problem.message);
                Some(warning("LeftBehind", &message))
            }
        }
    });
    let steps = applied.mns.iter().flatten();
    let steps = steps.map(|step| normal(step.reason(), &step.describe()));
    let rule_steps = applied.event_rule.iter().flatten().flatten();
    let rule_steps = rule_steps.map(|step| normal(step.reason(), &step.describe()));
    let conditions = new.conditions.iter();
    let conditions = conditions.filter_map(|condition| transition(old, condition, applied));
    orphans
        .chain(steps)
        .chain(rule_steps)
        .chain(adapter(&applied.adapter))
        .chain(conditions)
        .collect()
}

pub(crate) fn warning(reason: &str, note: &str) -> Event {
    event(EventType::Warning, reason, note)
}

/// Publishes events. A refused one, such as in a namespace that is being deleted, is dropped: the
/// conditions have the same information.
pub(crate) async fn publish(ctx: &Context, source: &MnsOssSource, events: Vec<Event>) {
    // Without its version, so that repetitions are recognised.
    let about = ObjectReference {
        resource_version: None,
        ..source.object_ref(&())
    };
    for event in events {
        match ctx.recorder.publish(&event, &about).await {
            Ok(()) => ctx.metrics.wrote(WrittenObject::Event),
            Err(error) => debug!(error = %error, "an event was refused"),
        }
    }
}

fn normal(reason: &str, note: &str) -> Event {
    event(EventType::Normal, reason, note)
}

fn event(type_: EventType, reason: &str, note: &str) -> Event {
    let end = note.floor_char_boundary(MAX_NOTE_BYTES);
    Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note[..end].to_owned()),
        action: "Reconcile".to_owned(),
        secondary: None,
    }
}

fn adapter(applied: &AppliedAdapter) -> Option<Event> {
    let (reason, verb) = match applied.outcome {
        AdapterOutcome::Created => ("DeploymentCreated", "created"),
        AdapterOutcome::Updated => ("DeploymentUpdated", "changed"),
        AdapterOutcome::Kept | AdapterOutcome::Refused { .. } => return None,
    };
    let name = applied.deployment.as_ref()?.metadata.name.as_deref();
    let name = name.unwrap_or_default();
    Some(normal(reason, &format!("{verb} deployment `{name}`")))
}

/// A condition that failed, or the source having become ready.
fn transition(old: &MnsOssSourceStatus, condition: &Condition, applied: &Applied) -> Option<Event> {
    let is_same = |before: &Condition| {
        before.type_ == condition.type_
            && before.status == condition.status
            && before.reason == condition.reason
            && before.message == condition.message
    };
    if old.conditions.iter().any(is_same) {
        return None;
    }
    if condition.type_ == READY {
        let is_ready = condition.status == ConditionStatus::True;
        return is_ready.then(|| normal("SourceReady", "the source is ready"));
    }
    let dependent = Dependent::ALL
        .into_iter()
        .find(|dependent| dependent.as_str() == condition.type_)?;
    let is_refused = matches!(applied.adapter.outcome, AdapterOutcome::Refused { .. });
    // Pods that are not ready yet have events of their own.
    let is_reported_elsewhere = dependent == Dependent::Deployed && !is_refused;
    if condition.status != ConditionStatus::False || is_reported_elsewhere {
        return None;
    }
    let reason = match dependent {
        // The reason that Knative's own sources use.
        Dependent::SinkProvided => "SinkNotFound",
        Dependent::DeadLetterSinkResolved => "DeadLetterSinkNotFound",
        _ => condition.reason.as_deref().unwrap_or(&condition.type_),
    };
    let message = condition.message.as_deref().unwrap_or_default();
    Some(warning(reason, message))
}
