//! Making and changing the adapter's Deployment.

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{Patch, PatchParams};
use source_api::names;
use tracing::info;

use super::AdapterDone;
use crate::context::Context;
use crate::failure::{self, PassError};
use crate::metrics::Written;
use crate::plan::AdapterPlan;
use crate::wish::Identity;

/// Does what was planned for the adapter. A first one waits until there is a queue; one that
/// is there is kept up to date whatever MNS says.
pub(super) async fn apply(
    ctx: &Context,
    identity: &Identity,
    plan: AdapterPlan,
    live: Option<Deployment>,
    has_queue: bool,
) -> Result<(AdapterDone, Option<Deployment>), PassError> {
    let (wanted, done) = match plan {
        AdapterPlan::Leave => return Ok((AdapterDone::Left, live)),
        AdapterPlan::Create(_) if !has_queue => return Ok((AdapterDone::Left, live)),
        AdapterPlan::Refuse { name } => {
            let message = format!(
                "deployment `{name}` is there, but the source does not control it: remove it"
            );
            return Ok((refused("NotOwned", message), None));
        }
        AdapterPlan::Create(wanted) => (wanted, AdapterDone::Created),
        AdapterPlan::Update(wanted) => (wanted, AdapterDone::Updated),
    };
    match write(ctx, identity, &wanted).await {
        Ok(applied) => Ok((done, Some(applied))),
        Err(kube::Error::Api(status)) if is_refusal(&status) => {
            Ok((refused(&status.reason, status.message), live))
        }
        Err(source) => Err(PassError::Kube {
            doing: "applying the adapter's deployment",
            source,
        }),
    }
}

async fn write(
    ctx: &Context,
    identity: &Identity,
    wanted: &Deployment,
) -> kube::Result<Deployment> {
    let deployments: Api<Deployment> = Api::namespaced(ctx.client.clone(), &identity.namespace);
    let name = names::adapter(&identity.name, &identity.uid);
    let params = PatchParams::apply(names::CONTROLLER).force();
    let applied = deployments
        .patch(&name, &params, &Patch::Apply(wanted))
        .await?;
    ctx.metrics.wrote(Written::Deployment);
    info!(
        source.namespace = identity.namespace,
        source.name = identity.name,
        "applied deployment `{name}`"
    );
    Ok(applied)
}

/// What the user can mend: an admission rule, a quota, a bad name.
fn is_refusal(status: &kube::core::Status) -> bool {
    let error = kube::Error::Api(Box::new(status.clone()));
    !failure::disposition(&error).is_retryable()
}

fn refused(reason: &str, message: String) -> AdapterDone {
    let reason = if reason.is_empty() { "Refused" } else { reason };
    AdapterDone::Refused {
        reason: reason.to_owned(),
        message,
    }
}
