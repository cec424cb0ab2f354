//! The finalizer: a source is deleted only once its resources in MNS are removed.
//!
//! They are removed with the source's key, or the last one that worked if the Secret was deleted
//! first; then the finalizer is removed. It is removed as well when the removal is impossible,
//! because no key or permission is left, and when MNS has not responded for a while: a source that
//! cannot be deleted blocks the deletion of its namespace. A Kubernetes event then names the
//! orphaned resources.

use jiff::{SignedDuration, Timestamp};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use source_api::{DeletionPolicy, MnsOssSource, names};
use tracing::{info, warn};

use crate::account::{self, AccountProblem};
use crate::context::Context;
use crate::error::{ReconcileError, doing};
use crate::events;
use crate::mns::MnsProblem;
use crate::mns::orphans::{AllOwned, all_owned};
use crate::source::{Identity, ParsedSource};

/// How long MNS may take to respond before the resources there are left behind.
const DEADLINE: SignedDuration = SignedDuration::from_mins(5);

/// Why something could not be removed.
enum RemovalError {
    Account(AccountProblem),
    Mns(MnsProblem),
}

/// Adds the finalizer to a source that has, or is about to get, resources in MNS. A source with a
/// given queue, or with the policy `Retain`, needs none, and so is deleted without the controller.
pub(crate) async fn ensure(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    parsed: &mut ParsedSource,
) -> Result<(), ReconcileError> {
    let ParsedSource {
        source, desired, ..
    } = parsed;
    let queue = desired.queue.as_ref();
    let has_resources = queue.is_ok_and(|queue| queue.owned().is_some());
    let is_retained = source.spec.deletion_policy == Some(DeletionPolicy::Retain);
    if !has_resources || is_retained || has_finalizer(source) {
        return Ok(());
    }
    let mut finalizers = source.finalizers().to_vec();
    finalizers.push(names::FINALIZER.to_owned());
    let patched = write(sources, source, &finalizers).await;
    let patched = doing("adding the finalizer", patched)?;
    ctx.pending_writes
        .record_write(&parsed.identity.uid, &patched);
    *source = patched;
    Ok(())
}

/// Removes the resources of a source in MNS, and then the finalizer.
///
/// # Errors
/// The removal failed, and may succeed later.
pub(crate) async fn finalize(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    parsed: &ParsedSource,
) -> Result<(), ReconcileError> {
    let ParsedSource {
        source, identity, ..
    } = parsed;
    if !has_finalizer(source) {
        return Ok(());
    }
    let orphaned = match all_owned(parsed) {
        None => None,
        Some(owned) => {
            let resources = owned.resources.describe();
            let is_overdue = is_overdue(source, Timestamp::now());
            match remove(ctx, parsed, owned).await? {
                Ok(()) => None,
                Err(error) => Some(orphaned(error, &resources, is_overdue)?),
            }
        }
    };
    let Identity {
        namespace, name, ..
    } = identity;
    if let Some((reason, message)) = orphaned {
        warn!(
            source.namespace = namespace,
            source.name = name,
            "{message}"
        );
        let event = events::warning(reason, &message);
        events::publish(ctx, source, vec![event]).await;
    }
    remove_finalizer(sources, source).await?;
    info!(
        source.namespace = namespace,
        source.name = name,
        "finalized source `{namespace}/{name}`"
    );
    Ok(())
}

async fn remove(
    ctx: &Context,
    parsed: &ParsedSource,
    owned: AllOwned,
) -> Result<Result<(), RemovalError>, ReconcileError> {
    let account = match account::observe(ctx, parsed).await?.account {
        Ok(account) => account,
        Err(problem) => match ctx.known_accounts.get(&parsed.identity.uid) {
            Some(account) => account,
            None => return Ok(Err(RemovalError::Account(problem))),
        },
    };
    let removed = owned.at(account.endpoint()).remove(&account).await;
    Ok(removed.map_err(RemovalError::Mns))
}

/// Reason and message of the event that names the resources left behind; an error while the
/// removal may succeed later.
fn orphaned(
    error: RemovalError,
    resources: &str,
    is_overdue: bool,
) -> Result<(&'static str, String), ReconcileError> {
    let (reason, why) = match error {
        RemovalError::Account(problem) if problem.is_passing() && !is_overdue => {
            return Err(ReconcileError::Finalize(problem.to_string()));
        }
        RemovalError::Account(problem) => (problem.reason(), problem.to_string()),
        RemovalError::Mns(problem) if problem.disposition.is_retryable() && !is_overdue => {
            return Err(ReconcileError::Finalize(problem.message));
        }
        RemovalError::Mns(problem) => (problem.reason, problem.message),
    };
    let message = format!("left behind in MNS: {resources}; {why}");
    Ok((reason, message))
}

fn is_overdue(source: &MnsOssSource, now: Timestamp) -> bool {
    let since = source.metadata.deletion_timestamp.as_ref();
    since.is_some_and(|since| now.duration_since(since.0) > DEADLINE)
}

async fn remove_finalizer(
    sources: &Api<MnsOssSource>,
    source: &MnsOssSource,
) -> Result<(), ReconcileError> {
    let mut finalizers = source.finalizers().to_vec();
    finalizers.retain(|finalizer| finalizer != names::FINALIZER);
    match write(sources, source, &finalizers).await {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        removed => doing("removing the finalizer", removed).map(drop),
    }
}

fn has_finalizer(source: &MnsOssSource) -> bool {
    let mut finalizers = source.finalizers().iter();
    finalizers.any(|finalizer| finalizer == names::FINALIZER)
}

/// Replaces the list, provided that the source has not changed since it was read: it may have got
/// finalizers of others.
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
