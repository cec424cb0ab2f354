//! The `ScaledObject` by which KEDA scales a source's adapter: observe, diff, apply, report.
//!
//! It has the name of the Deployment. There is one only where annotations of the source request it,
//! KEDA is installed, and the controller has a scaler that KEDA can call. Then KEDA decides how many
//! pods the Deployment has. It is deleted before that number is `spec.consumers` again, so that
//! never two decide.
//!
//! Nothing watches these objects, because KEDA writes their status all the time: changes by others
//! are corrected at the next resync.

mod document;
mod notice;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::Value;
use source_api::{Autoscaling, AutoscalingError, MnsOssSource, names};
use thiserror::Error;
use tracing::info;

pub(crate) use notice::{is_settling, mark};

use crate::context::Context;
use crate::deployment::{AdapterOutcome, AdapterPlan, AppliedAdapter, is_controlled_by, is_scaled};
use crate::drift::is_up_to_date;
use crate::error::{ReconcileError, doing, is_refusal};
use crate::metrics::WrittenObject;
use crate::reconcile::Observed;
use crate::sink::Discovery;
use crate::source::{Identity, ParsedSource};

const GROUP: &str = "keda.sh";
const VERSION: &str = "v1alpha1";
const KIND: &str = "ScaledObject";

/// The scaler and the `ScaledObject` of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedScaler {
    /// Host and port at which KEDA reaches the controller's scaler; none if it has none.
    pub address: Option<String>,
    /// The `ScaledObject` that has the adapter's name.
    pub object: ObservedScaledObject,
}

/// What is found under the adapter's name.
#[derive(Clone, Debug, PartialEq)]
pub enum ObservedScaledObject {
    /// It was not read, because none can be created.
    Unknown,
    /// The cluster has no such kind.
    NotInstalled,
    /// The controller may not read it.
    Forbidden,
    /// There is none.
    Absent(ApiResource),
    /// There is one that the source does not control.
    NotOwned,
    /// The source's own.
    Ours(OwnedScaledObject),
}

/// A `ScaledObject` that the source controls.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedScaledObject {
    /// How to address it.
    pub resource: ApiResource,
    /// Its `spec`.
    pub spec: Value,
    /// Whether it is being deleted.
    pub is_terminating: bool,
    /// Status of KEDA's condition `Ready`, if there is one.
    pub ready: Option<String>,
}

/// What to do about the `ScaledObject`.
#[derive(Clone, Debug, PartialEq)]
pub enum ScaledObjectPlan {
    /// Nothing.
    Keep,
    /// Apply this document, once there is a Deployment to scale.
    Apply {
        /// How to address it.
        resource: ApiResource,
        /// What it should be.
        document: Value,
        /// Whether there is none yet.
        is_new: bool,
    },
    /// Delete it, before the Deployment gets its number of pods from us.
    Delete(ApiResource),
}

/// Why KEDA does not scale a source whose annotations request it. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AutoscalerProblem {
    /// An annotation is wrong.
    #[error("{0}")]
    Annotation(AutoscalingError),
    /// The external scaler is disabled.
    #[error(
        "the controller has no scaler: have the administrator turn it on (`keda.enabled` in the settings, \
         SCALER_LISTEN and SCALER_ADDRESS of the controller)"
    )]
    NoScaler,
    /// KEDA is not there.
    #[error("the cluster does not serve {KIND} in `{GROUP}/{VERSION}`: install KEDA")]
    NotInstalled,
    /// The controller lacks rights.
    #[error(
        "the controller may not read scaledobjects here: give its role the rights that `cargo xtask render` lists"
    )]
    Forbidden,
    /// The name is taken.
    #[error("scaledobject `{0}` exists, but the source does not control it: remove it")]
    NotOwned(String),
}

/// The `ScaledObject` after a reconcile.
#[derive(Clone, Debug, PartialEq)]
pub enum AppliedScaling {
    /// It is up to date, or was deleted as planned.
    Kept,
    /// It was written.
    Written,
    /// There is no Deployment to scale yet.
    Waiting,
    /// The API server refused the change.
    Refused {
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
    },
}

impl AutoscalerProblem {
    /// In one word, for a condition.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Annotation(_) => "AnnotationInvalid",
            Self::NoScaler => "NoScaler",
            Self::NotInstalled => "KedaNotInstalled",
            Self::Forbidden => "Forbidden",
            Self::NotOwned(_) => "NotOwned",
        }
    }
}

/// Whether a source needs an object of this group.
pub(crate) fn needs(source: &MnsOssSource, group: &str) -> bool {
    let annotations = source.metadata.annotations.as_ref();
    let asked = annotations.and_then(|them| Autoscaling::try_of(them).transpose());
    group == GROUP && asked.is_some()
}

/// Reads the `ScaledObject` if there should be one, or if the Deployment says that there may be one.
pub(crate) async fn observe(
    ctx: &Context,
    parsed: &ParsedSource,
    deployment: Option<&Deployment>,
) -> Result<Option<ObservedScaler>, ReconcileError> {
    let is_asked = matches!(parsed.desired.autoscaling, Ok(Some(_)));
    let was_scaled = deployment.is_some_and(is_scaled);
    if !is_asked && !was_scaled {
        return Ok(None);
    }
    let address = ctx.scaler_address.clone();
    let object = if was_scaled || address.is_some() {
        doing(
            "looking for the scaled object",
            find(&ctx.client, ctx.resolver.discovery(), &parsed.identity).await,
        )?
    } else {
        ObservedScaledObject::Unknown
    };
    Ok(Some(ObservedScaler { address, object }))
}

/// Looks for the `ScaledObject` that has the adapter's name.
pub(crate) async fn find(
    client: &Client,
    discovery: &Discovery,
    identity: &Identity,
) -> kube::Result<ObservedScaledObject> {
    let asked = format!("{GROUP}/{VERSION}");
    let served = discovery.find(&asked, KIND).await?;
    let served = served.filter(|served| served.resource.version == VERSION);
    let Some(resource) = served.map(|served| served.resource) else {
        return Ok(ObservedScaledObject::NotInstalled);
    };
    let found = match api(client, identity, &resource)
        .get_opt(&identity.adapter_name())
        .await
    {
        Err(kube::Error::Api(status)) if status.is_forbidden() => {
            return Ok(ObservedScaledObject::Forbidden);
        }
        found => found?,
    };
    let Some(mut found) = found else {
        return Ok(ObservedScaledObject::Absent(resource));
    };
    if !is_controlled_by(&found.metadata, identity) {
        return Ok(ObservedScaledObject::NotOwned);
    }
    let conditions = found.data["status"]["conditions"].as_array();
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Ready");
    let ready = ready.and_then(|ready| ready["status"].as_str());
    Ok(ObservedScaledObject::Ours(OwnedScaledObject {
        ready: ready.map(str::to_owned),
        resource,
        is_terminating: found.metadata.deletion_timestamp.is_some(),
        spec: found.data["spec"].take(),
    }))
}

/// How to scale a source, and by which scaler; `None` if its annotations do not request it.
fn requested<'a>(
    parsed: &'a ParsedSource,
    observed: &'a Observed,
) -> Option<Result<(&'a Autoscaling, &'a str), AutoscalerProblem>> {
    let scaling = match &parsed.desired.autoscaling {
        Ok(scaling) => scaling.as_ref()?,
        Err(error) => return Some(Err(AutoscalerProblem::Annotation(error.clone()))),
    };
    let scaler = observed.scaler.as_ref();
    let Some((scaler, address)) = scaler.zip(scaler.and_then(|it| it.address.as_deref())) else {
        return Some(Err(AutoscalerProblem::NoScaler));
    };
    Some(match &scaler.object {
        ObservedScaledObject::Unknown => Err(AutoscalerProblem::NoScaler),
        ObservedScaledObject::NotInstalled => Err(AutoscalerProblem::NotInstalled),
        ObservedScaledObject::Forbidden => Err(AutoscalerProblem::Forbidden),
        ObservedScaledObject::NotOwned => {
            Err(AutoscalerProblem::NotOwned(parsed.identity.adapter_name()))
        }
        ObservedScaledObject::Absent(_) | ObservedScaledObject::Ours(_) => Ok((scaling, address)),
    })
}

/// The maximum number of pods, if KEDA scales the source.
pub(crate) fn max_scale(parsed: &ParsedSource, observed: &Observed) -> Option<i32> {
    let (scaling, _) = requested(parsed, observed)?.ok()?;
    Some(scaling.max_scale)
}

/// Compares the `ScaledObject` with the desired one.
pub(crate) fn diff(parsed: &ParsedSource, observed: &Observed) -> ScaledObjectPlan {
    let object = observed.scaler.as_ref().map(|scaler| &scaler.object);
    let (resource, live) = match object {
        Some(ObservedScaledObject::Absent(resource)) => (resource, None),
        Some(ObservedScaledObject::Ours(ours)) if !ours.is_terminating => {
            (&ours.resource, Some(ours))
        }
        _ => return ScaledObjectPlan::Keep,
    };
    let Some(Ok((scaling, address))) = requested(parsed, observed) else {
        return match live {
            Some(live) => ScaledObjectPlan::Delete(live.resource.clone()),
            None => ScaledObjectPlan::Keep,
        };
    };
    let document = document::scaled_object(&parsed.identity, scaling, address);
    if live.is_some_and(|live| is_up_to_date(&document["spec"], &live.spec)) {
        return ScaledObjectPlan::Keep;
    }
    ScaledObjectPlan::Apply {
        resource: resource.clone(),
        document,
        is_new: live.is_none(),
    }
}

/// Deletes the `ScaledObject` if the plan says so. If that is refused, the adapter's plan loses its
/// changes, or two would decide about the number of pods.
pub(crate) async fn delete(
    ctx: &Context,
    identity: &Identity,
    plan: &ScaledObjectPlan,
    adapter: AdapterPlan,
) -> Result<(AdapterPlan, AppliedScaling), ReconcileError> {
    let ScaledObjectPlan::Delete(resource) = plan else {
        return Ok((adapter, AppliedScaling::Kept));
    };
    let objects = api(&ctx.client, identity, resource);
    match objects
        .delete(&identity.adapter_name(), &DeleteParams::default())
        .await
    {
        Ok(_) => {
            wrote(ctx, identity, "removed");
            Ok((adapter, AppliedScaling::Kept))
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => {
            Ok((adapter, AppliedScaling::Kept))
        }
        Err(kube::Error::Api(status)) if is_refusal(&status) => Ok((
            adapter.without_rollout(),
            AdapterOutcome::of(&status).into(),
        )),
        Err(error) => doing("removing the scaled object", Err(error)),
    }
}

/// Applies the `ScaledObject` if the plan says so and there is a Deployment to scale. `deleted` is
/// the result of [`delete`].
pub(crate) async fn apply(
    ctx: &Context,
    identity: &Identity,
    plan: ScaledObjectPlan,
    deleted: AppliedScaling,
    adapter: &AppliedAdapter,
) -> Result<AppliedScaling, ReconcileError> {
    let ScaledObjectPlan::Apply {
        resource,
        document,
        is_new,
    } = plan
    else {
        return Ok(deleted);
    };
    if !adapter.deployment.as_deref().is_some_and(is_scaled) {
        return Ok(AppliedScaling::Waiting);
    }
    // Without force, an object that another client creates meanwhile is a conflict.
    let params = PatchParams {
        force: !is_new,
        ..PatchParams::apply(names::CONTROLLER)
    };
    let objects = api(&ctx.client, identity, &resource);
    let patch = Patch::Apply(document);
    match objects
        .patch(&identity.adapter_name(), &params, &patch)
        .await
    {
        Ok(_) => {
            wrote(ctx, identity, "applied");
            Ok(AppliedScaling::Written)
        }
        Err(kube::Error::Api(status)) if is_refusal(&status) => {
            Ok(AdapterOutcome::of(&status).into())
        }
        Err(error) => doing("applying the scaled object", Err(error)),
    }
}

impl From<AdapterOutcome> for AppliedScaling {
    fn from(outcome: AdapterOutcome) -> Self {
        match outcome {
            AdapterOutcome::Refused { reason, message } => Self::Refused { reason, message },
            AdapterOutcome::Kept => Self::Kept,
            AdapterOutcome::Created | AdapterOutcome::Updated => Self::Written,
        }
    }
}

fn api(client: &Client, identity: &Identity, resource: &ApiResource) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), &identity.namespace, resource)
}

fn wrote(ctx: &Context, identity: &Identity, verb: &str) {
    ctx.metrics.wrote(WrittenObject::ScaledObject);
    info!(
        source.namespace = identity.namespace,
        source.name = identity.name,
        "{verb} scaledobject `{}`",
        identity.adapter_name()
    );
}
