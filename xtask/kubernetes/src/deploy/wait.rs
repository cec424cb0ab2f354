//! Waiting until the cluster is as it should be.
//!
//! States are asked for and not watched: a deployment has few objects, and a state that
//! is read cannot be missed.

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
/// After `patience`, with a line for each that is not.
pub(crate) async fn until_ready(
    cluster: &Cluster,
    objects: &[Identity],
    patience: Duration,
    progress: &Progress,
) -> Result<()> {
    let deadline = Instant::now() + patience;
    let waits = objects
        .iter()
        .map(|object| ready(cluster, object, deadline, progress));
    told(join_all(waits).await, patience, "not ready")
}

/// Waits until none is there.
///
/// # Errors
/// After `patience`, with a line for each that still is.
pub(crate) async fn until_gone(
    cluster: &Cluster,
    objects: &[Identity],
    patience: Duration,
    progress: &Progress,
) -> Result<()> {
    let deadline = Instant::now() + patience;
    let waits = objects
        .iter()
        .map(|object| gone(cluster, object, deadline, progress));
    told(join_all(waits).await, patience, "still there")
}

fn told(lines: Vec<Option<String>>, patience: Duration, what: &str) -> Result<()> {
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    if !lines.is_empty() {
        bail!(
            "{what} after {} s:\n{}",
            patience.as_secs(),
            lines.join("\n")
        );
    }
    Ok(())
}

/// Nothing when the object became ready, else what is wrong with it.
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
            Ok(Some(object)) => match judge(cluster, object).await {
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
            return Some(last_words(cluster, identity, found.ok().flatten(), &why).await);
        }
        line.waits(&why);
        sleep(POLL).await;
    }
}

/// The readiness that the object reports, once its status is about the current Secret.
async fn judge(cluster: &Cluster, object: &DynamicObject) -> Readiness {
    match secret_version::outdated(cluster, object).await {
        Ok(None) => readiness(object),
        Ok(Some(why)) => Readiness::Waiting(why),
        Err(error) => Readiness::Waiting(format!("{error:#}")),
    }
}

async fn last_words(
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

/// Nothing when the object went, else what holds it.
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
                || "is on its way out".to_owned(),
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
