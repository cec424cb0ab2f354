//! The last step of a pass: what to write into the source's status, and what to tell.
//!
//! Pure. Every text is the same as long as the state is, so that a source in a steady state,
//! good or bad, is never written to.

use std::time::Duration;

use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::json;
use source_api::{Conditions, MnsOssSource, MnsOssSourceStatus, announced};
use transport::Disposition;

use crate::context::Context;
use crate::error::{PassError, doing};
use crate::events::{Note, notes};
use crate::metrics::Written;
use crate::mns::{self, CloudTrouble, Supply};
use crate::reconcile::{Done, Seen};
use crate::sink::{self, ResolvedSink, SinkProblem};
use crate::source::{Subject, Wish};
use crate::{deployment, secret};

/// What a pass has to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The status as it should be.
    pub status: MnsOssSourceStatus,
    /// What is worth an event.
    pub notes: Vec<Note>,
    /// When to look again.
    pub next: Next,
    /// Whether the source is ready.
    pub is_ready: bool,
}

/// When to look at a source again, if nothing is heard of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At the regular time.
    Regularly,
    /// Soon: what is waited for may come unnoticed.
    Soon,
    /// After a pause that grows, and is at least what the other side asked for.
    Again(Option<Duration>),
}

/// Sums up a pass.
#[must_use]
pub fn report(subject: &Subject, seen: &Seen, done: &Done, now: Timestamp) -> Report {
    let Subject {
        source,
        identity,
        wish,
    } = subject;
    let old = source.status.clone().unwrap_or_default();
    let generation = source.metadata.generation.unwrap_or_default();
    let conditions = mark(&old, generation, wish, seen, done);
    let is_ready = conditions.is_ready();
    let status = MnsOssSourceStatus {
        observed_generation: Some(generation),
        conditions: conditions.finish(now),
        ce_attributes: announced(source.spec.filter.as_ref()),
        consumers: Some(consumers(done)),
        selector: Some(deployment::selector(identity)),
        // No tokens are sent, so there is no identity to tell of.
        auth: None,
        secret_resource_version: seen.secret_version.clone(),
        ..recorded(with_sinks(old.clone(), seen), wish, seen, done)
    };
    let notes = notes(&old, &status, done);
    Report {
        status,
        notes,
        next: next(seen, done),
        is_ready,
    }
}

fn with_sinks(status: MnsOssSourceStatus, seen: &Seen) -> MnsOssSourceStatus {
    let sink = seen.sink.as_ref().ok();
    let dead_letter_sink = seen
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

/// What is ours in MNS. As long as something old is still to be removed, or nothing was
/// tried, the status names what it named: it is the only record of it.
fn recorded(
    status: MnsOssSourceStatus,
    wish: &Wish,
    seen: &Seen,
    done: &Done,
) -> MnsOssSourceStatus {
    let (Ok(supply), Ok(endpoint)) = (&wish.supply, &seen.account) else {
        return status;
    };
    if removal_trouble(done).is_some_and(|trouble| trouble.disposition.is_retryable()) {
        return status;
    }
    let wanted = match supply {
        Supply::Topic(wanted) => Some(wanted),
        Supply::Queue(_) => None,
    };
    MnsOssSourceStatus {
        endpoint: Some(endpoint.to_string()),
        queue: Some(supply.queue().to_string()),
        topic: wanted.map(|wanted| wanted.topic.to_string()),
        subscription: wanted.map(|wanted| wanted.subscription.to_string()),
        ..status
    }
}

fn consumers(done: &Done) -> i32 {
    let status = done.deployment.as_ref().and_then(|it| it.status.as_ref());
    status
        .and_then(|status| status.replicas)
        .unwrap_or_default()
}

/// What stands in the way of a removal.
fn removal_trouble(done: &Done) -> Option<&CloudTrouble> {
    let (_, removed) = done.leftovers.as_ref()?;
    removed.as_ref().err()
}

fn next(seen: &Seen, done: &Done) -> Next {
    let troubles = removal_trouble(done)
        .into_iter()
        .chain(done.cloud.as_ref().err());
    let pauses: Vec<_> = troubles
        .filter_map(|trouble| match trouble.disposition {
            Disposition::Retry => Some(None),
            Disposition::RetryAfter(pause) => Some(Some(pause)),
            Disposition::Permanent => None,
        })
        .collect();
    if let Some(longest) = pauses.into_iter().max() {
        return Next::Again(longest);
    }
    let dead_letter_sink = seen.dead_letter_sink.as_ref();
    let problems = [
        seen.sink.as_ref().err(),
        dead_letter_sink.and_then(|sink| sink.as_ref().err()),
    ];
    if problems
        .into_iter()
        .flatten()
        .any(SinkProblem::may_show_late)
    {
        Next::Soon
    } else {
        Next::Regularly
    }
}

fn mark(
    old: &MnsOssSourceStatus,
    generation: i64,
    wish: &Wish,
    seen: &Seen,
    done: &Done,
) -> Conditions {
    let mut conditions = Conditions::begin(&old.conditions, old.observed_generation, generation);
    sink::mark(&mut conditions, &seen.sink);
    sink::mark_dead_letter_sink(&mut conditions, seen);
    sink::mark_identity(&mut conditions, seen);
    secret::mark(&mut conditions, seen, done);
    mns::mark(&mut conditions, wish, seen, done);
    deployment::mark(&mut conditions, wish, done);
    mns::orphans::mark(&mut conditions, done);
    conditions
}

/// Who the status's fields belong to.
const MANAGER: &str = "mnsoss-source-controller-status";

/// Writes the status unless it is what the source has. Says whether it wrote.
pub(crate) async fn write(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    source: &MnsOssSource,
    status: &MnsOssSourceStatus,
) -> Result<bool, PassError> {
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
    let patch = Patch::Apply(patch);
    let written = sources
        .patch_status(&source.name_any(), &params, &patch)
        .await;
    let written = match written {
        // Deleted in the meantime; the watch says so too.
        Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(false),
        written => doing("writing the status", written)?,
    };
    let uid = source.uid().unwrap_or_default();
    ctx.sources.note(&uid, source.resource_version(), &written);
    ctx.metrics.wrote(Written::Status);
    Ok(true)
}
