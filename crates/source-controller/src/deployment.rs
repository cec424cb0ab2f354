//! The Deployment of a source's adapter: observe, diff, apply, report.

mod budget;
mod cache;
mod certificates;
mod client;
mod credentials;
mod document;
mod environment;
mod pod;
mod scaled;
mod tokens;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;
use kube::core::Status;
use source_api::{Conditions, DeliveryError, Dependent};
use thiserror::Error;
use tracing::info;

pub(crate) use client::Deployments;
pub use credentials::CloudVariables;
pub use document::{AdapterInputs, AdapterSettings, deployment, selector};
pub(crate) use document::{labels, owner};
pub(crate) use scaled::is_scaled;

use crate::context::Context;
use crate::drift;
use crate::error::{ReconcileError, doing, is_namespace_terminating, is_refusal};
use crate::knative_config::KnativeConfig;
use crate::metrics::WrittenObject;
use crate::reconcile::{Applied, Observed};
use crate::scaled_object;
use crate::source::{Desired, Identity, ParsedSource};

const DOING: &str = "applying the adapter's deployment";

/// What to do about the adapter's Deployment.
#[derive(Clone, Debug, PartialEq)]
pub enum AdapterPlan {
    /// The live one is up to date, or the desired one is not known now.
    Keep(Option<Box<Deployment>>),
    /// It can be neither created nor changed. The live one, if the source controls it.
    Refuse(AdapterRefusal, Option<Box<Deployment>>),
    /// There is none yet: create this one, if the queue exists.
    Create(Box<Deployment>),
    /// The live one differs from the desired one.
    Update {
        /// The desired one.
        desired: Box<Deployment>,
        /// The live one.
        live: Box<Deployment>,
    },
}

/// Why an adapter's Deployment is neither created nor changed. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AdapterRefusal {
    /// There is a Deployment of that name that the source does not control.
    #[error("deployment `{0}` exists, but the source does not control it: remove it")]
    NotOwned(String),
    /// The template has a label or an annotation that could change what the pod runs.
    #[error(
        "`template` has the key `{0}`, which could change what the pod runs: remove it, or have the administrator \
         allow it (ALLOW_TEMPLATE_KEYS of the controller)"
    )]
    Key(String),
    /// Neither the source nor the controller names the identity provider.
    #[error(
        "`auth.roleArn` needs the cluster's identity provider: give `auth.oidcProviderArn`, or have the \
         administrator set it for all sources (ALIBABA_CLOUD_OIDC_PROVIDER_ARN of the controller)"
    )]
    NoProvider,
}

/// The adapter's Deployment after a reconcile.
#[derive(Clone, Debug, PartialEq)]
pub struct AppliedAdapter {
    /// What happened to it.
    pub outcome: AdapterOutcome,
    /// The Deployment as it is now, if the source controls one.
    pub deployment: Option<Box<Deployment>>,
}

/// What happened to the adapter's Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterOutcome {
    /// Nothing.
    Kept,
    /// It was created.
    Created,
    /// It was changed.
    Updated,
    /// It was refused permanently.
    Refused {
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
    },
}

impl AdapterRefusal {
    /// In one word, for a condition.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotOwned(_) => "NotOwned",
            Self::Key(_) => "TemplateRefused",
            Self::NoProvider => "OidcProviderUnknown",
        }
    }
}

/// Finds the Deployment that has the adapter's name.
pub(crate) async fn observe(
    ctx: &Context,
    identity: &Identity,
) -> Result<Option<Deployment>, ReconcileError> {
    let found = ctx.deployments.find(identity).await;
    doing("looking for the adapter's deployment", found)
}

/// Compares the live Deployment with the desired one.
pub(crate) fn diff(
    parsed: &ParsedSource,
    observed: &Observed,
    settings: &AdapterSettings,
) -> AdapterPlan {
    let identity = &parsed.identity;
    let live = observed.deployment.clone().map(Box::new);
    if let Some(live) = &live
        && !is_controlled_by(&live.metadata, identity)
    {
        let refusal = AdapterRefusal::NotOwned(live.name_any());
        return AdapterPlan::Refuse(refusal, None);
    }
    let template = parsed.source.spec.template.as_ref();
    if let Some(key) = template.and_then(|template| settings.template_keys.refused(template)) {
        return AdapterPlan::Refuse(AdapterRefusal::Key(key.to_owned()), live);
    }
    if credentials::lacks_provider(&parsed.source.spec, settings) {
        return AdapterPlan::Refuse(AdapterRefusal::NoProvider, live);
    }
    // Until Knative's ConfigMaps are listed, the Deployment's own settings are kept, so that no pod
    // is replaced.
    let known = || live.as_deref().map(KnativeConfig::of_deployment);
    let knative_config = observed.knative_config.clone().or_else(known);
    let knative_config = knative_config.unwrap_or_default();
    let Some(inputs) = inputs(&parsed.desired, observed, &knative_config) else {
        return AdapterPlan::Keep(live);
    };
    let mut desired = Box::new(deployment(&parsed.source, identity, &inputs, settings));
    if let Some(max) = scaled_object::max_scale(parsed, observed) {
        scaled::hand_over(&mut desired, max);
    }
    match live {
        None => AdapterPlan::Create(desired),
        Some(live) if is_up_to_date(&desired, &live) => AdapterPlan::Keep(Some(live)),
        Some(live) => AdapterPlan::Update { desired, live },
    }
}

fn is_up_to_date(desired: &Deployment, live: &Deployment) -> bool {
    scaled::is_as_scaled(desired, live) && drift::is_up_to_date(desired, live)
}

/// The configuration of the adapter, if all of it is known.
fn inputs<'a>(
    desired: &'a Desired,
    observed: &'a Observed,
    knative_config: &'a KnativeConfig,
) -> Option<AdapterInputs<'a>> {
    let dead_letter_sink = match &observed.dead_letter_sink {
        Some(resolved) => Some(resolved.as_ref().ok()?),
        None => None,
    };
    Some(AdapterInputs {
        sink: observed.sink.as_ref().ok()?,
        dead_letter_sink,
        delivery: desired.delivery.as_ref().ok()?,
        knative_config,
        queue: desired.queue.as_ref().ok()?.name(),
        endpoint: observed.account.as_ref().ok()?,
    })
}

/// Whether an object is controlled by this source.
pub(crate) fn is_controlled_by(live: &ObjectMeta, identity: &Identity) -> bool {
    let owners = live.owner_references.iter().flatten();
    owners
        .filter(|owner| owner.controller == Some(true))
        .any(|owner| owner.uid == identity.uid)
}

/// The ServiceAccount that the pods of a Deployment run as.
pub(crate) fn service_account(deployment: &Deployment) -> Option<&String> {
    let pod = deployment.spec.as_ref()?.template.spec.as_ref()?;
    pod.service_account_name.as_ref()
}

/// Executes the plan. A first Deployment waits until there is a queue; an existing one is updated
/// even while MNS does not respond.
pub(crate) async fn apply(
    ctx: &Context,
    identity: &Identity,
    plan: AdapterPlan,
    has_queue: bool,
) -> Result<AppliedAdapter, ReconcileError> {
    let (desired, live) = match plan {
        AdapterPlan::Keep(live) => return Ok(AppliedAdapter::new(AdapterOutcome::Kept, live)),
        AdapterPlan::Refuse(refusal, live) => return Ok(AppliedAdapter::new(refusal.into(), live)),
        AdapterPlan::Create(_) if !has_queue => {
            return Ok(AppliedAdapter::new(AdapterOutcome::Kept, None));
        }
        AdapterPlan::Create(desired) => (desired, None),
        AdapterPlan::Update { desired, live } => (desired, Some(live)),
    };
    match write(ctx, identity, &desired, live.as_deref()).await {
        Ok(applied) => {
            let outcome = live.map_or(AdapterOutcome::Created, |_| AdapterOutcome::Updated);
            Ok(AppliedAdapter::new(outcome, Some(Box::new(applied))))
        }
        Err(kube::Error::Api(status)) if status.is_conflict() && live.is_none() => {
            apply_to_uncached(ctx, identity, &desired).await
        }
        Err(kube::Error::Api(status))
            if is_refusal(&status) && !is_namespace_terminating(&status) =>
        {
            Ok(AppliedAdapter::new(AdapterOutcome::of(&status), live))
        }
        Err(error) => doing(DOING, Err(error)),
    }
}

/// The name is taken, though the Deployment is not in the cache. One that only lost its label still
/// belongs to the source.
async fn apply_to_uncached(
    ctx: &Context,
    identity: &Identity,
    desired: &Deployment,
) -> Result<AppliedAdapter, ReconcileError> {
    let live = doing(DOING, ctx.deployments.read(identity, None).await)?;
    if let Some(live) = &live
        && !is_controlled_by(&live.metadata, identity)
    {
        let refusal = AdapterRefusal::NotOwned(live.name_any());
        return Ok(AppliedAdapter::new(refusal.into(), None));
    }
    let written = write(ctx, identity, desired, live.as_ref()).await;
    let written = Box::new(doing(DOING, written)?);
    Ok(AppliedAdapter::new(AdapterOutcome::Updated, Some(written)))
}

async fn write(
    ctx: &Context,
    identity: &Identity,
    desired: &Deployment,
    live: Option<&Deployment>,
) -> kube::Result<Deployment> {
    // First, because nothing is applied for a Deployment that is up to date.
    budget::apply(ctx, identity, desired, live).await?;
    let applied = ctx.deployments.apply(identity, desired, live).await?;
    ctx.metrics.wrote(WrittenObject::Deployment);
    info!(
        source.namespace = identity.namespace,
        source.name = identity.name,
        "applied deployment `{}`",
        applied.name_any()
    );
    Ok(applied)
}

impl AdapterPlan {
    /// The plan without its changes, for when no new pod could start.
    pub(crate) fn without_rollout(self) -> Self {
        match self {
            Self::Create(_) => Self::Keep(None),
            Self::Update { live, .. } => Self::Keep(Some(live)),
            other => other,
        }
    }
}

impl AppliedAdapter {
    fn new(outcome: AdapterOutcome, deployment: Option<Box<Deployment>>) -> Self {
        Self {
            outcome,
            deployment,
        }
    }
}

impl AdapterOutcome {
    /// A refusal that the user can resolve: by an admission rule, a quota, an invalid name.
    pub(crate) fn of(status: &Status) -> Self {
        let reason = Some(status.reason.as_str()).filter(|reason| !reason.is_empty());
        Self::Refused {
            reason: reason.unwrap_or("Refused").to_owned(),
            message: status.message.clone(),
        }
    }
}

impl From<AdapterRefusal> for AdapterOutcome {
    fn from(refusal: AdapterRefusal) -> Self {
        Self::Refused {
            reason: refusal.reason().to_owned(),
            message: refusal.to_string(),
        }
    }
}

/// Marks `Deployed`.
pub(crate) fn mark(
    conditions: &mut Conditions,
    desired: &Desired,
    applied: &Applied,
    now: Timestamp,
) {
    let dependent = Dependent::Deployed;
    let AppliedAdapter {
        outcome,
        deployment,
    } = &applied.adapter;
    match (outcome, deployment, &desired.delivery) {
        (AdapterOutcome::Refused { reason, message }, _, _) => {
            conditions.mark_false(dependent, reason, message.clone());
        }
        (_, _, Err(error)) if !matches!(error, DeliveryError::DeadLetterSink(_)) => {
            conditions.mark_false(dependent, "DeliveryInvalid", with_cause(error));
        }
        (_, Some(deployment), _) if is_scaled(deployment) => {
            conditions.mark_scaled(deployment, now);
        }
        (_, Some(deployment), _) => conditions.mark_deployed(deployment),
        (_, None, _) => {
            let message =
                "the adapter's Deployment is created once sink, credentials and queue are ready";
            conditions.mark_unknown(dependent, "WaitingForDependents", message);
        }
    }
}

fn with_cause(error: &DeliveryError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
