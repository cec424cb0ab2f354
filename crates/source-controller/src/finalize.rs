//! The finalizer of a source: a source is gone only once nothing of it is left in MNS.
//!
//! What it has in MNS is removed, with the key that last worked if the Secret went first; then
//! the source is let go. It is let go as well when nothing can be removed, because no key is
//! known or the rights are gone, and when MNS has not answered for a while: a source that
//! cannot be deleted keeps its namespace from being deleted. Then an event says what is left
//! behind.

use jiff::{SignedDuration, Timestamp};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use source_api::{DeletionPolicy, MnsOssSource, names};
use tracing::{info, warn};

use crate::context::Context;
use crate::error::{PassError, doing};
use crate::events::{self, Note};
use crate::mns::orphans::{Everything, Items, everything, remove};
use crate::mns::{CloudTrouble, Supply};
use crate::secret::{self, AccountProblem};
use crate::source::{Identity, Subject};

/// Puts the finalizer on a source that has, or is about to get, something in MNS. One with
/// somebody else's queue, or that leaves everything as it is, needs none, and so never waits
/// for us.
pub(crate) async fn ensure(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    subject: &mut Subject,
) -> Result<(), PassError> {
    let Subject { source, wish, .. } = subject;
    let makes_something = matches!(wish.supply, Ok(Supply::Topic(_)));
    let is_retained = source.spec.deletion_policy == Some(DeletionPolicy::Retain);
    if !makes_something || is_retained || is_there(source) {
        return Ok(());
    }
    let mut finalizers = source.finalizers().to_vec();
    finalizers.push(names::FINALIZER.to_owned());
    let patched = write(sources, source, &finalizers).await;
    let patched = doing("adding the finalizer", patched)?;
    ctx.sources.note(
        &source.uid().unwrap_or_default(),
        source.resource_version(),
        &patched,
    );
    *source = patched;
    Ok(())
}

/// How long MNS gets to answer before what is there is left behind.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// What to do about a source that is being deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Farewell {
    /// Nothing is left, or nothing may be removed.
    LetGo,
    /// Let it go, and say what stays behind.
    Abandon(Note),
    /// Not yet.
    Wait(String),
}

/// Why something could not be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Obstacle {
    Account(AccountProblem),
    Cloud(CloudTrouble),
}

/// Removes what a source has in MNS and lets it go.
///
/// # Errors
/// What still has to be removed may be removable later.
pub(crate) async fn clean_up(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    subject: &Subject,
) -> Result<(), PassError> {
    let Subject {
        source, identity, ..
    } = subject;
    if !is_there(source) {
        return Ok(());
    }
    let farewell = match everything(subject) {
        None => Farewell::LetGo,
        Some(everything) => {
            let items = everything.items.clone();
            let removed = attempt(ctx, subject, everything).await?;
            farewell(&items, removed, is_overdue(source, Timestamp::now()))
        }
    };
    let Identity {
        namespace, name, ..
    } = identity;
    match farewell {
        Farewell::Wait(why) => return Err(PassError::CleanUp(why)),
        Farewell::Abandon(note) => {
            warn!(
                source.namespace = namespace,
                source.name = name,
                "{}",
                note.message
            );
            events::publish(ctx, source, &[note]).await;
        }
        Farewell::LetGo => {}
    }
    remove_finalizer(sources, source).await?;
    info!(
        source.namespace = namespace,
        source.name = name,
        "let source `{namespace}/{name}` go"
    );
    Ok(())
}

async fn attempt(
    ctx: &Context,
    subject: &Subject,
    everything: Everything,
) -> Result<Result<(), Obstacle>, PassError> {
    let account = match secret::look(ctx, subject).await?.account {
        Ok(account) => account,
        Err(problem) => match ctx.accounts.recall(&subject.identity.uid) {
            Some(account) => account,
            None => return Ok(Err(Obstacle::Account(problem))),
        },
    };
    let leftovers = everything.at(account.endpoint());
    let removed = remove(&account.at(&leftovers.endpoint), &leftovers.items).await;
    Ok(removed.map_err(Obstacle::Cloud))
}

/// Decides by what became of the removal, and by whether it has been tried for long enough.
fn farewell(items: &Items, removed: Result<(), Obstacle>, is_overdue: bool) -> Farewell {
    let (reason, why) = match removed {
        Ok(()) => return Farewell::LetGo,
        Err(Obstacle::Account(problem)) => (problem.reason(), problem.to_string()),
        Err(Obstacle::Cloud(trouble)) => {
            if trouble.disposition.is_retryable() && !is_overdue {
                return Farewell::Wait(trouble.message);
            }
            (trouble.reason, trouble.message)
        }
    };
    let message = format!("left behind in MNS: {}; {why}", items.describe());
    Farewell::Abandon(Note::warning(reason, message))
}

fn is_overdue(source: &MnsOssSource, now: Timestamp) -> bool {
    let since = source.metadata.deletion_timestamp.as_ref();
    since.is_some_and(|since| now.duration_since(since.0) > PATIENCE)
}

/// Lets a source go.
async fn remove_finalizer(
    sources: &Api<MnsOssSource>,
    source: &MnsOssSource,
) -> Result<(), PassError> {
    let mut finalizers = source.finalizers().to_vec();
    finalizers.retain(|finalizer| finalizer != names::FINALIZER);
    match write(sources, source, &finalizers).await {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        removed => doing("removing the finalizer", removed).map(drop),
    }
}

fn is_there(source: &MnsOssSource) -> bool {
    let mut finalizers = source.finalizers().iter();
    finalizers.any(|finalizer| finalizer == names::FINALIZER)
}

/// Replaces the list, provided that nobody has changed the source since we read it: it may
/// have got others' finalizers.
async fn write(
    sources: &Api<MnsOssSource>,
    source: &MnsOssSource,
    finalizers: &[String],
) -> kube::Result<MnsOssSource> {
    let patch = json!({
        "metadata": {
            "resourceVersion": source.resource_version(),
            "finalizers": finalizers,
        },
    });
    let params = PatchParams {
        field_manager: Some(names::CONTROLLER.to_owned()),
        ..PatchParams::default()
    };
    sources
        .patch(&source.name_any(), &params, &Patch::Merge(patch))
        .await
}
