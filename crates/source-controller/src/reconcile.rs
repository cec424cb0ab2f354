//! One reconcile of one source, from top to bottom: observe, plan, apply, report.
//!
//! Each resource has a module of its own that observes it, compares it with the desired one
//! (`diff`), applies the difference and marks its conditions; here they are put together.
//! Observing changes nothing, planning is pure, and applying is idempotent. A mistake of the user
//! becomes a condition; an error of the API server ends the reconcile.

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
    /// The dead letter sink, if the source has one.
    pub dead_letter_sink: Option<Result<ResolvedSink, SinkProblem>>,
    /// The source's own ServiceAccount; `None` if there is none, or none is needed.
    pub service_account: Option<ObservedServiceAccount>,
    /// The trust bundles; `None` until they are listed.
    pub trust_bundles: Option<ObservedBundles>,
    /// The settings in Knative's ConfigMaps; `None` until they are listed.
    pub knative_config: Option<KnativeConfig>,
    /// Where the account is that the source uses.
    pub account: Result<Endpoint, AccountProblem>,
    /// The version of that Secret; `None` if there is none.
    pub secret_version: Option<String>,
    /// Queue and subscription; `None` if there was no account or no name to look for.
    pub mns: Option<Result<ObservedMns, MnsProblem>>,
    /// The event rule, if the source has one and there is an account; `None` inside if it does not
    /// exist yet.
    pub event_rule: Option<Result<Option<EventRule>, MnsProblem>>,
    /// The Deployment that has the adapter's name.
    pub deployment: Option<Deployment>,
    /// `EventType`s; `None` if Knative maintains them.
    pub event_types: Option<ObservedEventTypes>,
    /// The scaler and the `ScaledObject`; `None` if KEDA neither scales the adapter nor should.
    pub scaler: Option<ObservedScaler>,
}

/// The steps of applying, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What to remove from MNS.
    pub orphans: Option<Orphans>,
    /// What to create or correct in MNS; or why nothing can be done there.
    pub mns: Result<Vec<MnsStep>, MnsProblem>,
    /// What to do about event rules; or why nothing can be done.
    pub event_rule: Result<Vec<EventRuleStep>, MnsProblem>,
    /// What to do about the identity towards sinks.
    pub sink_identity: SinkIdentityPlan,
    /// The certificates of trust bundles to write.
    pub trust_bundles: Option<String>,
    /// What to do about the adapter.
    pub adapter: AdapterPlan,
    /// What to do about the `ScaledObject`.
    pub scaled_object: ScaledObjectPlan,
    /// What to do about `EventType`s.
    pub event_types: Option<EventTypesPlan>,
}

/// The results of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// What was to be removed from MNS, and whether it was.
    pub orphans: Option<(Orphans, Result<(), MnsProblem>)>,
    /// The steps executed in MNS; or why there are none.
    pub mns: Result<Vec<MnsStep>, MnsProblem>,
    /// The steps executed for event rules; `None` if there is no queue for one to deliver into.
    pub event_rule: Option<Result<Vec<EventRuleStep>, MnsProblem>>,
    /// Whether the source has the identity that its sinks expect.
    pub sink_identity: Result<(), SinkIdentityProblem>,
    /// The adapter.
    pub adapter: AppliedAdapter,
    /// The `ScaledObject`.
    pub scaling: AppliedScaling,
}

/// What was observed with the key to the account.
type ObservedCloud = (
    OpenedAccount,
    Option<Result<ObservedMns, MnsProblem>>,
    Option<Result<Option<EventRule>, MnsProblem>>,
);

/// The result of a reconcile.
enum ReconcileResult {
    /// The source was deleted, or is finalized.
    Deleted,
    /// Its namespace is being deleted, and the source will be next.
    NamespaceTerminating,
    /// Its status was reported.
    Reconciled { is_ready: bool, requeue: Requeue },
}

/// Reconciles a source, as the watch has brought it, with a deadline.
///
/// # Errors
/// An error of the API server that may pass; [`on_error`] says when to try again.
pub async fn reconcile(
    cached: Arc<MnsOssSource>,
    ctx: Arc<Context>,
) -> Result<Action, ReconcileError> {
    let started = Instant::now();
    let result = timeout(DEADLINE, Box::pin(reconcile_source(&ctx, &cached))).await;
    let result = result.unwrap_or(Err(ReconcileError::TimedOut));
    let outcome = match &result {
        Ok(ReconcileResult::Deleted) => ReconcileOutcome::Gone,
        Ok(ReconcileResult::Reconciled { is_ready: true, .. }) => ReconcileOutcome::Ready,
        Ok(ReconcileResult::Reconciled { .. } | ReconcileResult::NamespaceTerminating) => {
            ReconcileOutcome::NotReady
        }
        Err(_) => ReconcileOutcome::Failed,
    };
    ctx.metrics.reconciled(outcome, started.elapsed());
    let uid = cached.uid().unwrap_or_default();
    Ok(match result? {
        ReconcileResult::Deleted => {
            ctx.forget(&uid);
            Action::await_change()
        }
        // Nothing is forgotten: the account may be needed when its Secret is already deleted.
        ReconcileResult::NamespaceTerminating => Action::await_change(),
        ReconcileResult::Reconciled { requeue, .. } => {
            Action::requeue(ctx.requeue.pause(&uid, requeue))
        }
    })
}

async fn reconcile_source(
    ctx: &Context,
    cached: &MnsOssSource,
) -> Result<ReconcileResult, ReconcileError> {
    let namespace = cached.namespace().unwrap_or_default();
    let sources: Api<MnsOssSource> = Api::namespaced(ctx.client.clone(), &namespace);
    let Some(source) = newest(ctx, &sources, cached).await? else {
        return Ok(ReconcileResult::Deleted);
    };
    let mut parsed = ParsedSource::new(source);
    if parsed.source.metadata.deletion_timestamp.is_some() {
        finalize::finalize(ctx, &sources, &parsed).await?;
        return Ok(ReconcileResult::Deleted);
    }
    finalize::ensure(ctx, &sources, &mut parsed).await?;

    let (observed, account) = Box::pin(observe(ctx, &parsed)).await?;
    let plan = plan(&parsed, &observed, &ctx.adapter);
    let applied = match apply(ctx, &parsed.identity, account.as_ref(), plan).await {
        Err(error) if error.is_namespace_terminating() => {
            return Ok(ReconcileResult::NamespaceTerminating);
        }
        applied => applied?,
    };
    let report = report(&parsed, &observed, &applied, Timestamp::now());

    if status::write(ctx, &sources, &parsed.source, &report.status).await? {
        log_status(&parsed.identity, &report);
    }
    events::publish(ctx, &parsed.source, report.events).await;
    Ok(ReconcileResult::Reconciled {
        is_ready: report.is_ready,
        requeue: report.requeue,
    })
}

/// The cached source, unless it may be older than the controller's own last write: a reconcile of
/// that one would lose the record of what is in MNS.
async fn newest(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    cached: &MnsOssSource,
) -> Result<Option<MnsOssSource>, ReconcileError> {
    let uid = cached.uid().unwrap_or_default();
    let version = cached.resource_version();
    // Versions arrive here in the order in which the watch brought them.
    ctx.pending_writes
        .observe_version(&uid, version.as_deref().unwrap_or_default());
    if ctx.pending_writes.pending_version(&uid).is_none() {
        return Ok(Some(cached.clone()));
    }
    let found = sources.get_opt(&cached.name_any()).await;
    let found = doing("reading the source", found)?;
    let found = found.filter(|found| found.metadata.uid == cached.metadata.uid);
    if let Some(found) = &found {
        ctx.pending_writes
            .record_read(&uid, version.as_deref(), found);
    }
    Ok(found)
}

/// Observes everything that concerns a source. Returns the account too, for applying.
///
/// # Errors
/// An error of the API server, which may pass.
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

/// Opens the account, and observes MNS and its OpenAPI with its key.
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
    if mns.is_ok() && queue.owned().is_some() {
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

/// Executes a plan. Nothing is created in MNS while orphans are still to be removed: the source's
/// status can name only one queue, and the record of another one would be lost.
///
/// # Errors
/// An error of the API server, which may pass.
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
    // Without its identity no new pod could start.
    let adapter = match &sink_identity {
        Ok(()) => plan.adapter,
        Err(_) => plan.adapter.without_rollout(),
    };
    // A ScaledObject is deleted before the Deployment gets its number of pods from the source, and
    // applied after there is a Deployment to scale: never do two decide about that number.
    let deleted = scaled_object::delete(ctx, identity, &plan.scaled_object, adapter);
    let (adapter, deleted) = deleted.await?;
    let adapter = deployment::apply(ctx, identity, adapter, mns.is_ok()).await?;
    let scaling = scaled_object::apply(ctx, identity, plan.scaled_object, deleted, &adapter);
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
