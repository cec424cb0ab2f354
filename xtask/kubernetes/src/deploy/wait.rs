//! Waits until objects are ready, or deleted.
//!
//! States are polled and not watched: a deployment has few objects, and polling cannot miss a state.

use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::future::join_all;
use kube::api::DynamicObject;
use tokio::time::{Instant, sleep};

use super::POLL;
use super::cluster::Cluster;
use super::diagnosis::diagnose;
use super::identity::Identity;
use super::progress::Progress;
use super::ready::{Readiness, held_by, readiness};
use super::secret_version;

/// Waits until all are ready.
///
/// # Errors
/// After `timeout`, with a line for each that is not.
pub(crate) async fn until_ready(
    cluster: &Cluster,
    objects: &[Identity],
    timeout: Duration,
    progress: &Progress,
) -> Result<()> {
    let deadline = Instant::now() + timeout;
    let waits = objects
        .iter()
        .map(|object| ready(cluster, object, deadline, progress));
    fail_with(join_all(waits).await, timeout, "not ready")
}

/// Waits until none exists.
///
/// # Errors
/// After `timeout`, with a line for each that still does.
pub(crate) async fn until_gone(
    cluster: &Cluster,
    objects: &[Identity],
    timeout: Duration,
    progress: &Progress,
) -> Result<()> {
    let deadline = Instant::now() + timeout;
    let waits = objects
        .iter()
        .map(|object| gone(cluster, object, deadline, progress));
    fail_with(join_all(waits).await, timeout, "still there")
}

fn fail_with(lines: Vec<Option<String>>, timeout: Duration, what: &str) -> Result<()> {
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    if !lines.is_empty() {
        bail!(
            "{what} after {} s:\n{}",
            timeout.as_secs(),
            lines.join("\n")
        );
    }
    Ok(())
}

/// Nothing when the object became ready, else the reason why not.
async fn ready(
    cluster: &Cluster,
    identity: &Identity,
    deadline: Instant,
    progress: &Progress,
) -> Option<String> {
    let mut line = progress.start(identity.to_string());
    loop {
        let found = cluster.get(identity).await;
        let why = match &found {
            Ok(Some(object)) => match current_readiness(cluster, object).await {
                Readiness::Ready => {
                    line.done("is ready");
                    return None;
                }
                Readiness::Waiting(why) => why,
            },
            Ok(None) => "is not there".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() >= deadline {
            return Some(failure_line(cluster, identity, found.ok().flatten(), &why).await);
        }
        line.waits(&why);
        sleep(POLL).await;
    }
}

/// The readiness that the object reports, once its status is about the current Secret.
async fn current_readiness(cluster: &Cluster, object: &DynamicObject) -> Readiness {
    match secret_version::outdated(cluster, object).await {
        Ok(None) => readiness(object),
        Ok(Some(why)) => Readiness::Waiting(why),
        Err(error) => Readiness::Waiting(format!("{error:#}")),
    }
}

async fn failure_line(
    cluster: &Cluster,
    identity: &Identity,
    object: Option<DynamicObject>,
    why: &str,
) -> String {
    match object {
        Some(object) => diagnose(cluster, &object, why).await,
        None => format!("{identity}: {why}"),
    }
}

/// Nothing when the object was deleted, else what delays that.
async fn gone(
    cluster: &Cluster,
    identity: &Identity,
    deadline: Instant,
    progress: &Progress,
) -> Option<String> {
    let mut line = progress.start(identity.to_string());
    loop {
        let why = match cluster.get(identity).await {
            Ok(None) => {
                line.done("is gone");
                return None;
            }
            Ok(Some(object)) => held_by(&object).map_or_else(
                || "is being deleted".to_owned(),
                |finalizers| format!("is held by the finalizer {finalizers}"),
            ),
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() >= deadline {
            return Some(format!("{identity}: {why}; see `{}`", identity.describe()));
        }
        line.waits(&why);
        sleep(POLL).await;
    }
}
