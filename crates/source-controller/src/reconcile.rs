//! One reconcile of one source, from top to bottom: observe, plan, apply, report.
//!
//! Each resource has a module of its own that observes it, compares it with the desired one
//! (`diff`), applies the difference and marks its conditions; here they are put together.
//! Observing changes nothing, planning is pure, and applying can be done twice without harm.
//! A mistake of the user becomes a condition; trouble with the API server ends the reconcile.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt as _};
use mns::{Endpoint, EventRule};
use source_api::{MnsOssSource, READY};
use tokio::time::{Instant, timeout};
use tokio::try_join;
use tracing::{debug, info, warn};

use crate::account::{AccountProblem, OpenedAccount};
use crate::cache::ObservationKey;
use crate::context::Context;
use crate::deployment::{AdapterPlan, AdapterSettings, AppliedAdapter};
use crate::error::{DEADLINE, ReconcileError, doing};
use crate::event_rule::EventRuleStep;
use crate::event_types::{EventTypesPlan, ObservedEventTypes};
use crate::knative_config::{self, KnativeConfig};
use crate::metrics::ReconcileOutcome;
use crate::mns::orphans::{self, Orphans};
use crate::mns::{Account, MnsProblem, MnsStep, ObservedMns};
use crate::requeue::Requeue;
use crate::scaled_object::{AppliedScaling, ObservedScaler, ScaledObjectPlan};
use crate::sink::{ResolvedSink, SinkProblem};
use crate::sink_identity::{ObservedServiceAccount, SinkIdentityPlan, SinkIdentityProblem};
use crate::source::{Identity, ParsedSource};
use crate::status::{self, Report, report};
use crate::trust_bundles::{self, ObservedBundles};
use crate::{
    account, deployment, event_rule, event_types, events, finalize, scaled_object, sink,
    sink_identity,
};

/// The observed state of everything that concerns one source.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The sink.
    pub sink: Result<ResolvedSink, SinkProblem>,
    /// The dead letter sink, if one is asked for.
    pub dead_letter_sink: Option<Result<ResolvedSink, SinkProblem>>,
    /// The ServiceAccount that is kept for the source; `None` if there is none, or none was
    /// looked for.
    pub service_account: Option<ObservedServiceAccount>,
    /// The trust bundles; `None` while they are not known.
    pub trust_bundles: Option<ObservedBundles>,
    /// What Knative's ConfigMaps say; `None` while they are not known.
    pub knative_config: Option<KnativeConfig>,
    /// Where the account is that the source uses.
    pub account: Result<Endpoint, AccountProblem>,
    /// The version of that Secret; `None` if there is none.
    pub secret_version: Option<String>,
    /// Queue and subscription; `None` if there was no account or no name to look for.
    pub mns: Option<Result<ObservedMns, MnsProblem>>,
    /// The event rule, if the source wants one and there is an account; `None` inside if there is
    /// none yet.
    pub event_rule: Option<Result<Option<EventRule>, MnsProblem>>,
    /// The Deployment that has the adapter's name.
    pub deployment: Option<Deployment>,
    /// `EventType`s; `None` if Knative keeps them.
    pub event_types: Option<ObservedEventTypes>,
    /// What KEDA scales the adapter by; `None` if it does not and shall not.
    pub scaler: Option<ObservedScaler>,
}

/// All that applying needs, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What to remove from MNS.
    pub orphans: Option<Orphans>,
    /// What to make or correct in MNS; or why nothing can be done there.
    pub mns: Result<Vec<MnsStep>, MnsProblem>,
    /// What to do about event rules; or why nothing can be done.
    pub event_rule: Result<Vec<EventRuleStep>, MnsProblem>,
    /// What to do about the identity towards sinks.
    pub sink_identity: SinkIdentityPlan,
    /// The certificates of trust bundles to write.
    pub trust_bundles: Option<String>,
    /// What to do about the adapter.
    pub adapter: AdapterPlan,
    /// What to do about the object by which KEDA scales it.
    pub scaled_object: ScaledObjectPlan,
    /// What to do about `EventType`s.
    pub event_types: Option<EventTypesPlan>,
}

/// What became of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// What was to be removed from MNS, and whether it is gone.
    pub orphans: Option<(Orphans, Result<(), MnsProblem>)>,
    /// The steps taken in MNS; or why there are none.
    pub mns: Result<Vec<MnsStep>, MnsProblem>,
    /// The steps taken about event rules; `None` if there is no queue for one to deliver into.
    pub event_rule: Option<Result<Vec<EventRuleStep>, MnsProblem>>,
    /// Whether the source has the identity that its sinks expect.
    pub sink_identity: Result<(), SinkIdentityProblem>,
    /// The adapter.
    pub adapter: AppliedAdapter,
    /// The object by which KEDA scales it.
    pub scaling: AppliedScaling,
}

/// What was observed with the key to the account.
type ObservedCloud = (
    OpenedAccount,
    Option<Result<ObservedMns, MnsProblem>>,
    Option<Result<Option<EventRule>, MnsProblem>>,
);

/// How a reconcile ended.
enum End {
    /// The source is gone, or needs nothing of us any more.
    Gone,
    /// Its status says how it is.
    Reported { is_ready: bool, requeue: Requeue },
}

/// Reconciles a source of which the watch has brought a `copy`, with a deadline.
///
/// # Errors
/// Trouble that may pass; [`on_error`] says when to try again.
pub async fn reconcile(
    copy: Arc<MnsOssSource>,
    ctx: Arc<Context>,
) -> Result<Action, ReconcileError> {
    let started = Instant::now();
    let end = timeout(DEADLINE, Box::pin(reconcile_source(&ctx, &copy))).await;
    let end = end.unwrap_or(Err(ReconcileError::TimedOut));
    let outcome = match &end {
        Ok(End::Gone) => ReconcileOutcome::Gone,
        Ok(End::Reported { is_ready: true, .. }) => ReconcileOutcome::Ready,
        Ok(End::Reported { .. }) => ReconcileOutcome::NotReady,
        Err(_) => ReconcileOutcome::Failed,
    };
    ctx.metrics.reconciled(outcome, started.elapsed());
    let uid = copy.uid().unwrap_or_default();
    Ok(match end? {
        End::Gone => {
            ctx.forget(&uid);
            Action::await_change()
        }
        End::Reported { requeue, .. } => Action::requeue(ctx.requeue.pause(&uid, requeue)),
    })
}

async fn reconcile_source(ctx: &Context, copy: &MnsOssSource) -> Result<End, ReconcileError> {
    let namespace = copy.namespace().unwrap_or_default();
    let sources: Api<MnsOssSource> = Api::namespaced(ctx.client.clone(), &namespace);
    let Some(source) = newest(ctx, &sources, copy).await? else {
        return Ok(End::Gone);
    };
    let mut parsed = ParsedSource::new(source);
    if parsed.source.metadata.deletion_timestamp.is_some() {
        finalize::finalize(ctx, &sources, &parsed).await?;
        return Ok(End::Gone);
    }
    finalize::ensure(ctx, &sources, &mut parsed).await?;

    let (observed, account) = Box::pin(observe(ctx, &parsed)).await?;
    let plan = plan(&parsed, &observed, &ctx.adapter);
    let applied = apply(ctx, &parsed.identity, account.as_ref(), plan).await?;
    let report = report(&parsed, &observed, &applied, Timestamp::now());

    if status::write(ctx, &sources, &parsed.source, &report.status).await? {
        log_status(&parsed.identity, &report);
    }
    events::publish(ctx, &parsed.source, report.events).await;
    Ok(End::Reported {
        is_ready: report.is_ready,
        requeue: report.requeue,
    })
}

/// The copy, unless it may be older than our own last write: acting on that would forget what
/// is in MNS.
async fn newest(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    copy: &MnsOssSource,
) -> Result<Option<MnsOssSource>, ReconcileError> {
    let uid = copy.uid().unwrap_or_default();
    let version = copy.resource_version();
    // Copies are handed over in the order in which the watch brought them.
    ctx.own_writes
        .watched(&uid, version.as_deref().unwrap_or_default());
    if ctx.own_writes.unwatched(&uid).is_none() {
        return Ok(Some(copy.clone()));
    }
    let found = sources.get_opt(&copy.name_any()).await;
    let found = doing("reading the source", found)?;
    let found = found.filter(|found| found.metadata.uid == copy.metadata.uid);
    if let Some(found) = &found {
        ctx.own_writes.read(&uid, version.as_deref(), found);
    }
    Ok(found)
}

/// Observes everything that concerns a source. Gives the account too, for applying.
///
/// # Errors
/// Trouble with the API server, which may pass.
pub async fn observe(
    ctx: &Context,
    parsed: &ParsedSource,
) -> Result<(Observed, Option<Account>), ReconcileError> {
    let ParsedSource {
        identity, desired, ..
    } = parsed;
    let (sink, dead_letter_sink, (opened, mns, event_rule), deployment) = try_join!(
        sink::observe(ctx, &desired.sink, identity),
        sink::observe_dead_letter_sink(ctx, parsed),
        observe_mns(ctx, parsed),
        deployment::observe(ctx, identity),
    )?;
    let endpoint = opened
        .account
        .as_ref()
        .map(|account| account.endpoint().clone());
    let (dead_letter, adapter) = (dead_letter_sink.as_ref(), deployment.as_ref());
    let service_account = sink_identity::observe(ctx, parsed, &sink, dead_letter, adapter).await?;
    let scaler = scaled_object::observe(ctx, parsed, adapter).await?;
    let observed = Observed {
        service_account,
        trust_bundles: trust_bundles::observe(ctx, identity),
        knative_config: knative_config::observe(ctx),
        sink,
        dead_letter_sink,
        account: endpoint.map_err(Clone::clone),
        secret_version: opened.version,
        mns,
        event_rule,
        deployment,
        event_types: event_types::observe(ctx, parsed).await,
        scaler,
    };
    Ok((observed, opened.account.ok()))
}

/// Opens the account, and with its key looks into MNS and its OpenAPI.
async fn observe_mns(
    ctx: &Context,
    parsed: &ParsedSource,
) -> Result<ObservedCloud, ReconcileError> {
    let opened = account::observe(ctx, parsed).await?;
    let (Ok(account), Ok(queue)) = (&opened.account, &parsed.desired.queue) else {
        return Ok((opened, None, None));
    };
    let key = ObservationKey::new(&parsed.source, opened.version.as_deref());
    let uid = &parsed.identity.uid;
    let mns = crate::mns::observe(ctx, uid, key.clone(), account, queue).await;
    if mns.is_ok() && queue.made().is_some() {
        ctx.known_accounts.keep(uid, account);
    }
    if mns.is_ok() {
        ctx.backlogs.watch(&parsed.identity, account, queue.name());
    }
    let event_rule = match queue.ruled() {
        Some(ruled) if mns.is_ok() => {
            Some(event_rule::observe(ctx, uid, key, account, ruled).await)
        }
        _ => None,
    };
    Ok((opened, Some(mns), event_rule))
}

/// Decides what to do about a source. Pure: the same source, observed in the same state, has
/// the same plan, and the plan of a source that is in order changes nothing.
#[must_use]
pub fn plan(parsed: &ParsedSource, observed: &Observed, settings: &AdapterSettings) -> Plan {
    Plan {
        orphans: orphans::diff(parsed, observed),
        mns: crate::mns::diff(&parsed.desired, observed),
        event_rule: event_rule::diff(parsed, observed),
        sink_identity: sink_identity::diff(parsed, observed),
        trust_bundles: trust_bundles::diff(observed),
        adapter: deployment::diff(parsed, observed, settings),
        scaled_object: scaled_object::diff(parsed, observed),
        event_types: event_types::diff(parsed, observed),
    }
}

/// Carries a plan out. Nothing is made while orphans are still to be removed: the source's
/// status can name only one queue, and another one would be forgotten.
///
/// # Errors
/// Trouble with the API server, which may pass.
pub async fn apply(
    ctx: &Context,
    identity: &Identity,
    account: Option<&Account>,
    plan: Plan,
) -> Result<Applied, ReconcileError> {
    let orphans = match plan.orphans {
        Some(orphans) => Some(orphans::apply(ctx, identity, account, orphans).await),
        None => None,
    };
    let mns = match &orphans {
        Some((_, Err(problem))) if problem.disposition.is_retryable() => Err(problem.clone()),
        _ => crate::mns::apply(ctx, identity, account, plan.mns).await,
    };
    let event_rule = match &mns {
        Ok(_) => Some(event_rule::apply(ctx, identity, account, plan.event_rule).await),
        Err(_) => None,
    };
    trust_bundles::apply(ctx, identity, plan.trust_bundles).await?;
    let sink_identity = sink_identity::prepare(ctx, identity, &plan.sink_identity).await?;
    let adapter = match &sink_identity {
        Ok(()) => plan.adapter,
        Err(_) => plan.adapter.held(),
    };
    let released = scaled_object::release(ctx, identity, &plan.scaled_object, adapter);
    let (adapter, released) = released.await?;
    let adapter = deployment::apply(ctx, identity, adapter, mns.is_ok()).await?;
    let scaling = scaled_object::apply(ctx, identity, plan.scaled_object, released, &adapter);
    let scaling = scaling.await?;
    sink_identity::clean_up(ctx, identity, &plan.sink_identity, &adapter).await?;
    event_types::apply(ctx, identity, plan.event_types).await;
    Ok(Applied {
        orphans,
        mns,
        event_rule,
        sink_identity,
        adapter,
        scaling,
    })
}

/// When to try again after a reconcile that failed.
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "kube's controller calls it so"
)]
pub fn on_error(source: Arc<MnsOssSource>, error: &ReconcileError, ctx: Arc<Context>) -> Action {
    let Identity {
        namespace,
        name,
        uid,
    } = Identity::of(&source);
    let line = service::error_line(error);
    if error.is_conflict() {
        debug!(source.namespace = namespace, source.name = name, "{line}");
    } else {
        warn!(
            source.namespace = namespace,
            source.name = name,
            "reconciling `{namespace}/{name}`: {line}"
        );
    }
    Action::requeue(ctx.requeue.pause(&uid, error.disposition().into()))
}

/// Logs the new status of a source in one line.
fn log_status(identity: &Identity, report: &Report) {
    let Identity {
        namespace, name, ..
    } = identity;
    if report.is_ready {
        info!(
            source.namespace = namespace,
            source.name = name,
            "source `{namespace}/{name}` is ready"
        );
        return;
    }
    let ready = report.status.conditions.iter().find(|it| it.type_ == READY);
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let reason = text(ready.and_then(|it| it.reason.as_ref()));
    let message = text(ready.and_then(|it| it.message.as_ref()));
    info!(
        source.namespace = namespace,
        source.name = name,
        reason,
        "source `{namespace}/{name}` is not ready: {message}"
    );
}
