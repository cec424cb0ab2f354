//! A Deployment whose number of pods an autoscaler decides.

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;

/// Annotation with the maximum number of pods of the autoscaler. It says that `replicas` is not
/// ours, and that there may be an autoscaler to remove before it is ours again.
const MAX_SCALE: &str = "sources.eventing.knative.dev/max-scale";

/// Leaves the number of pods to an autoscaler, at most `max` of them.
pub(super) fn hand_over(deployment: &mut Deployment, max: i32) {
    if let Some(spec) = &mut deployment.spec {
        spec.replicas = None;
    }
    deployment
        .annotations_mut()
        .insert(MAX_SCALE.to_owned(), max.to_string());
}

/// Whether an autoscaler decides, or did.
pub(crate) fn is_scaled(deployment: &Deployment) -> bool {
    deployment.annotations().contains_key(MAX_SCALE)
}

/// Whether both are left to the same autoscaler or to none. Without this, a field that we stopped
/// applying would not count as drift.
pub(super) fn is_as_scaled(desired: &Deployment, live: &Deployment) -> bool {
    desired.annotations().get(MAX_SCALE) == live.annotations().get(MAX_SCALE)
}

/// The maximum number of pods.
pub(super) fn max_pods(deployment: &Deployment) -> i32 {
    let scaled = deployment.annotations().get(MAX_SCALE);
    let scaled = scaled.and_then(|max| max.parse().ok());
    let spec = deployment.spec.as_ref();
    scaled
        .or_else(|| spec.and_then(|spec| spec.replicas))
        .unwrap_or(1)
}
