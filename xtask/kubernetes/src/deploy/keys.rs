//! Keeps placeholders out of a cluster.
//!
//! Rendered without keys, a Secret has placeholders. Applied, it would replace real keys; in a
//! cluster without keys, the deployment could not work.

use anyhow::{Result, ensure};
use kube::api::DynamicObject;
use manifests::Config;

use super::cluster::Cluster;
use super::identity::Identity;
use super::progress::Progress;

/// Leaves out the Secrets that hold placeholders.
///
/// # Errors
/// When one of them is not in the cluster either.
pub(crate) async fn keep(
    cluster: &Cluster,
    objects: Vec<DynamicObject>,
    config: &Config,
    progress: &Progress,
) -> Result<Vec<DynamicObject>> {
    let mut kept = Vec::new();
    for object in objects {
        let identity = Identity::of(&object);
        let is_secret = identity.api_version == "v1" && identity.kind == "Secret";
        match config.missing_for(&identity.name).filter(|_| is_secret) {
            Some(variables) => {
                ensure!(
                    cluster.get(&identity).await?.is_some(),
                    "nothing to put into {identity}: set {variables}"
                );
                progress.say(&format!("{identity} stays as it is: {variables} not set"));
            }
            None => kept.push(object),
        }
    }
    Ok(kept)
}
