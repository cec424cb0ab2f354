//! Keeps placeholders out of a cluster.
//!
//! Rendered without keys, a Secret says only what form keys have. Applied, it would take
//! the place of real ones; where there are none yet, nothing would ever work.

use anyhow::{Result, ensure};
use kube::api::DynamicObject;
use manifests::Config;

use super::cluster::Cluster;
use super::identity::Identity;
use super::progress::Progress;

/// Leaves the Secrets out when there are no keys for them.
///
/// # Errors
/// When one of them is not in the cluster either.
pub(crate) async fn keep(
    cluster: &Cluster,
    objects: Vec<DynamicObject>,
    config: &Config,
    progress: &Progress,
) -> Result<Vec<DynamicObject>> {
    if config.credentials.is_some() {
        return Ok(objects);
    }
    let is_secret = |object: &DynamicObject| {
        let identity = Identity::of(object);
        identity.api_version == "v1" && identity.kind == "Secret"
    };
    let (secrets, others): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_secret);
    for secret in secrets {
        let identity = Identity::of(&secret);
        ensure!(
            cluster.get(&identity).await?.is_some(),
            "no keys for {identity}: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
        );
        progress.say(&format!("{identity} stays as it is: no keys are set"));
    }
    Ok(others)
}
