//! The end of a reconcile: the source's status, and Kubernetes events.
//!
//! Every text is the same as long as the state is, so that a source in a steady state, good or
//! bad, is never written to.

use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::Event;
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::json;
use source_api::{Conditions, MnsOssSource, MnsOssSourceStatus, announced};

use crate::context::Context;
use crate::error::{ReconcileError, doing};
use crate::events::events;
use crate::metrics::WrittenObject;
use crate::mns::{self, MnsProblem};
use crate::reconcile::{Applied, Observed};
use crate::requeue::Requeue;
use crate::sink::{self, ResolvedSink, SinkProblem};
use crate::source::ParsedSource;
use crate::{account, deployment, event_rule, scaled_object, sink_identity};

/// Field manager of the status.
const MANAGER: &str = "mnsoss-source-controller-status";

/// The result of a reconcile.
pub(crate) struct Report {
    /// The status as it should be.
    pub(crate) status: MnsOssSourceStatus,
    /// What happened, and which conditions changed.
    pub(crate) events: Vec<Event>,
    /// When to reconcile again.
    pub(crate) requeue: Requeue,
    /// Whether the source is ready.
    pub(crate) is_ready: bool,
}

/// Summarizes a reconcile. Pure.
pub(crate) fn report(
    parsed: &ParsedSource,
    observed: &Observed,
    applied: &Applied,
    now: Timestamp,
) -> Report {
    let ParsedSource {
        source,
        identity,
        desired,
    } = parsed;
    let old = source.status.clone().unwrap_or_default();
    let generation = source.metadata.generation.unwrap_or_default();
    let mut conditions = Conditions::begin(&old.conditions, old.observed_generation, generation);
    sink::mark(&mut conditions, observed);
    sink_identity::mark(&mut conditions, parsed, observed, applied);
    account::mark(&mut conditions, observed, applied);
    mns::mark(&mut conditions, desired, observed, applied);
    event_rule::mark(&mut conditions, parsed, observed, applied, now);
    mns::orphans::mark(&mut conditions, applied);
    deployment::mark(&mut conditions, desired, applied, now);
    scaled_object::mark(&mut conditions, parsed, observed, applied);
    let is_ready = conditions.is_ready();
    let status = MnsOssSourceStatus {
        observed_generation: Some(generation),
        conditions: conditions.finish(now),
        ce_attributes: announced(&source.spec),
        consumers: Some(consumers(applied)),
        selector: Some(deployment::selector(identity)),
        auth: sink_identity::auth(parsed, observed, applied),
        secret_resource_version: observed.secret_version.clone(),
        ..with_resources(with_sinks(old.clone(), observed), parsed, observed, applied)
    };
    Report {
        events: events(&old, &status, applied),
        status,
        requeue: requeue(observed, applied),
        is_ready,
    }
}

/// Writes the status if it changed: every write triggers all watches. Returns whether it wrote.
pub(crate) async fn write(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    source: &MnsOssSource,
    status: &MnsOssSourceStatus,
) -> Result<bool, ReconcileError> {
    if source.status.as_ref() == Some(status) {
        return Ok(false);
    }
    let patch = json!({
        "apiVersion": MnsOssSource::api_version(&()),
        "kind": MnsOssSource::kind(&()),
        "metadata": {"name": source.name_any(), "uid": source.uid()},
        "status": status,
    });
    let params = PatchParams::apply(MANAGER).force();
    let name = source.name_any();
    let written = sources
        .patch_status(&name, &params, &Patch::Apply(patch))
        .await;
    let written = match written {
        // Deleted in the meantime; the watch says so too.
        Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(false),
        written => doing("writing the status", written)?,
    };
    ctx.pending_writes
        .record_write(&source.uid().unwrap_or_default(), &written);
    ctx.metrics.wrote(WrittenObject::Status);
    Ok(true)
}

fn with_sinks(status: MnsOssSourceStatus, observed: &Observed) -> MnsOssSourceStatus {
    let sink = observed.sink.as_ref().ok();
    let dead_letter_sink = observed
        .dead_letter_sink
        .as_ref()
        .and_then(|resolved| resolved.as_ref().ok());
    let uri = |sink: Option<&ResolvedSink>| sink.map(|sink| sink.url.to_string());
    let ca_certs = |sink: Option<&ResolvedSink>| sink?.ca_certs.clone();
    let audience = |sink: Option<&ResolvedSink>| sink?.audience.clone();
    MnsOssSourceStatus {
        sink_uri: uri(sink),
        sink_ca_certs: ca_certs(sink),
        sink_audience: audience(sink),
        dead_letter_sink_uri: uri(dead_letter_sink),
        dead_letter_sink_ca_certs: ca_certs(dead_letter_sink),
        dead_letter_sink_audience: audience(dead_letter_sink),
        ..status
    }
}

/// Records the source's resources in MNS. The old record stays while orphans are still to be
/// removed, or if nothing was tried: there is no other record of them.
fn with_resources(
    status: MnsOssSourceStatus,
    parsed: &ParsedSource,
    observed: &Observed,
    applied: &Applied,
) -> MnsOssSourceStatus {
    let (Ok(queue), Ok(endpoint)) = (&parsed.desired.queue, &observed.account) else {
        return status;
    };
    if removal_problem(applied).is_some_and(|problem| problem.disposition.is_retryable()) {
        return status;
    }
    let subscribed = queue.subscribed();
    MnsOssSourceStatus {
        endpoint: Some(endpoint.to_string()),
        queue: Some(queue.name().to_string()),
        topic: subscribed.map(|it| it.topic.to_string()),
        subscription: subscribed.map(|it| it.subscription.to_string()),
        event_rules: event_rule::to_record(parsed, applied),
        ..status
    }
}

fn consumers(applied: &Applied) -> i32 {
    let deployment = applied.adapter.deployment.as_ref();
    let status = deployment.and_then(|it| it.status.as_ref());
    status
        .and_then(|status| status.replicas)
        .unwrap_or_default()
}

/// Why orphans could not be removed.
fn removal_problem(applied: &Applied) -> Option<&MnsProblem> {
    let (_, removed) = applied.orphans.as_ref()?;
    removed.as_ref().err()
}

fn requeue(observed: &Observed, applied: &Applied) -> Requeue {
    let problems = removal_problem(applied)
        .into_iter()
        .chain(applied.mns.as_ref().err())
        .chain(applied.event_rule.iter().filter_map(|it| it.as_ref().err()));
    let backoff = problems.filter_map(|problem| match problem.disposition.into() {
        Requeue::Backoff(asked) => Some(asked),
        Requeue::Regular | Requeue::Soon => None,
    });
    let account = observed.account.as_ref().err();
    let passing = account.filter(|problem| problem.is_passing());
    let backoff = backoff.chain(passing.map(|_| None));
    if let Some(max) = backoff.max() {
        return Requeue::Backoff(max);
    }
    let sinks = [Some(&observed.sink), observed.dead_letter_sink.as_ref()];
    let mut problems = sinks
        .into_iter()
        .flatten()
        .filter_map(|it| it.as_ref().err());
    if problems.any(SinkProblem::may_show_late) || scaled_object::is_settling(observed, applied) {
        Requeue::Soon
    } else {
        Requeue::Regular
    }
}
