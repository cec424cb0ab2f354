//! The last pass over a source that is being deleted.
//!
//! What it has in MNS is removed, with the key that last worked if the Secret went first; then
//! the source is let go. It is let go as well when nothing can be removed, because no key is
//! known or the rights are gone, and when MNS has not answered for a while: a source that
//! cannot be deleted keeps its namespace from being deleted. Then an event says what is left
//! behind.

use jiff::{SignedDuration, Timestamp};
use kube::Api;
use source_api::MnsOssSource;
use tracing::{info, warn};

use super::{events, finalizer};
use crate::act::remove;
use crate::cloud::CloudTrouble;
use crate::context::Context;
use crate::failure::PassError;
use crate::look::{self, AccountProblem};
use crate::plan::leftovers::{Everything, Items, everything};
use crate::report::Note;
use crate::wish::{Identity, Subject};

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
pub(super) async fn clean_up(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    subject: &Subject,
) -> Result<(), PassError> {
    let Subject {
        source, identity, ..
    } = subject;
    if !finalizer::is_there(source) {
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
    finalizer::remove(sources, source).await?;
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
    let account = match look::account(ctx, subject).await? {
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
