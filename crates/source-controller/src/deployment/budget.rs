//! The disruption budget of a source's adapter.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use source_api::names;

use super::scaled;
use crate::context::Context;
use crate::source::Identity;

/// Creates or deletes it, as `desired`, which is about to replace `live`, has several consumers or
/// not.
///
/// With it, the drain of nodes evicts one consumer of a source at a time. A source with a single
/// consumer has none: its budget would block the drain, or allow everything.
pub(super) async fn apply(
    ctx: &Context,
    identity: &Identity,
    desired: &Deployment,
    live: Option<&Deployment>,
) -> kube::Result<()> {
    let budgets: Api<PodDisruptionBudget> =
        Api::namespaced(ctx.client.clone(), &identity.namespace);
    let name = identity.adapter_name();
    if has_several(desired) {
        let params = PatchParams::apply(names::CONTROLLER).force();
        let patch = Patch::Apply(budget(desired));
        budgets.patch(&name, &params, &patch).await?;
    } else if live.is_some_and(has_several) {
        match budgets.delete(&name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            deleted => drop(deleted?),
        }
    }
    Ok(())
}

fn has_several(deployment: &Deployment) -> bool {
    scaled::max_pods(deployment) > 1
}

/// For the pods of a Deployment, under its name and with its owner.
fn budget(deployment: &Deployment) -> PodDisruptionBudget {
    let metadata = deployment.metadata.clone();
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: Some(IntOrString::Int(1)),
        selector: deployment.spec.as_ref().map(|spec| spec.selector.clone()),
        // A pod that is not ready blocks no drain.
        unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
        ..PodDisruptionBudgetSpec::default()
    };
    PodDisruptionBudget {
        metadata: ObjectMeta {
            annotations: None,
            ..metadata
        },
        spec: Some(spec),
        status: None,
    }
}
