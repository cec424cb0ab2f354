//! Making and changing the adapter's Deployment.

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;
use tracing::info;

use super::{AdapterDone, budget};
use crate::context::Context;
use crate::failure::{self, PassError, doing};
use crate::metrics::Written;
use crate::plan::{AdapterPlan, AdapterRefusal, is_controlled_by};
use crate::wish::Identity;

const DOING: &str = "applying the adapter's deployment";

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
        AdapterPlan::Refuse(refusal) => {
            let live = live.filter(|live| is_controlled_by(live, identity));
            return Ok((refused(refusal.reason(), refusal.to_string()), live));
        }
        AdapterPlan::Create(wanted) => (wanted, AdapterDone::Created),
        AdapterPlan::Update(wanted) => (wanted, AdapterDone::Updated),
    };
    match write(ctx, identity, &wanted, live.as_ref()).await {
        Ok(applied) => Ok((done, Some(applied))),
        Err(kube::Error::Api(status)) if status.is_conflict() && live.is_none() => {
            taken(ctx, identity, &wanted).await
        }
        Err(kube::Error::Api(status)) if is_refusal(&status) => {
            Ok((refused(&status.reason, status.message), live))
        }
        Err(source) => Err(PassError::Kube {
            doing: DOING,
            source,
        }),
    }
}

/// The name is taken, contrary to what the copies say. One that lost its label is ours still.
async fn taken(
    ctx: &Context,
    identity: &Identity,
    wanted: &Deployment,
) -> Result<(AdapterDone, Option<Deployment>), PassError> {
    let found = doing(DOING, ctx.adapters.ask(identity, None).await)?;
    match found {
        Some(found) if !is_controlled_by(&found, identity) => {
            let refusal = AdapterRefusal::NotOwned(found.name_any());
            Ok((refused(refusal.reason(), refusal.to_string()), None))
        }
        found => {
            let written = write(ctx, identity, wanted, found.as_ref()).await;
            Ok((AdapterDone::Updated, Some(doing(DOING, written)?)))
        }
    }
}

async fn write(
    ctx: &Context,
    identity: &Identity,
    wanted: &Deployment,
    live: Option<&Deployment>,
) -> kube::Result<Deployment> {
    // First, because a Deployment that is up to date is not looked at again.
    budget::keep(ctx, identity, wanted, live).await?;
    let applied = ctx.adapters.apply(identity, wanted, live).await?;
    ctx.metrics.wrote(Written::Deployment);
    info!(
        source.namespace = identity.namespace,
        source.name = identity.name,
        "applied deployment `{}`",
        applied.name_any()
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
