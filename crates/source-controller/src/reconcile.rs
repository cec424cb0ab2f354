//! One pass over one source, from top to bottom: look, plan, act, report.

mod cleanup;
mod events;
mod finalizer;
mod status;

use std::sync::Arc;

use jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt as _};
use source_api::{MnsOssSource, READY};
use tokio::time::{Instant, timeout};
use tracing::{debug, info, warn};
use transport::Disposition;

use crate::act::act;
use crate::context::Context;
use crate::failure::{PASS, PassError, doing};
use crate::look::look;
use crate::metrics::PassOutcome;
use crate::own_writes::Newest;
use crate::plan::plan;
use crate::report::{Next, Report, report};
use crate::wish::{Identity, Subject};

/// One pass over a source of which the watch has brought a `copy`, with a deadline.
///
/// # Errors
/// Trouble that may pass; [`on_error`] says when to try again.
pub async fn reconcile(copy: Arc<MnsOssSource>, ctx: Arc<Context>) -> Result<Action, PassError> {
    let started = Instant::now();
    let pass = timeout(PASS, Box::pin(one_pass(&ctx, &copy)));
    let outcome = pass.await.unwrap_or(Err(PassError::TimedOut));
    let label = match &outcome {
        Ok(end) => end.outcome(),
        Err(_) => PassOutcome::Failed,
    };
    ctx.metrics.pass(label, started.elapsed());
    let uid = copy.uid().unwrap_or_default();
    Ok(match outcome? {
        End::Gone => {
            ctx.forget(&uid);
            Action::await_change()
        }
        End::Looked { next, .. } => Action::requeue(match next {
            Next::Regularly => ctx.pace.settled(&uid),
            Next::Soon => ctx.pace.soon(&uid),
            Next::Again(asked) => ctx.pace.failed(&uid, asked),
        }),
    })
}

/// When to try again after a pass that failed. What fails for good is tried at the regular
/// time; a change of the source is noticed before that.
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "kube's controller calls it so"
)]
pub fn on_error(source: Arc<MnsOssSource>, error: &PassError, ctx: Arc<Context>) -> Action {
    let uid = source.uid().unwrap_or_default();
    let (namespace, name) = (source.namespace().unwrap_or_default(), source.name_any());
    let line = service::error_line(error);
    if error.is_conflict() {
        debug!(source.namespace = namespace, source.name = name, "{line}");
    } else {
        warn!(
            source.namespace = namespace,
            source.name = name,
            "pass over `{namespace}/{name}`: {line}"
        );
    }
    Action::requeue(match error.disposition() {
        Disposition::Permanent => ctx.pace.settled(&uid),
        Disposition::Retry => ctx.pace.failed(&uid, None),
        Disposition::RetryAfter(pause) => ctx.pace.failed(&uid, Some(pause)),
    })
}

/// How a pass ended.
enum End {
    /// The source is gone, or needs nothing of us any more.
    Gone,
    /// It was looked at.
    Looked { is_ready: bool, next: Next },
}

impl End {
    fn outcome(&self) -> PassOutcome {
        match self {
            Self::Gone => PassOutcome::Gone,
            Self::Looked { is_ready: true, .. } => PassOutcome::Ready,
            Self::Looked {
                is_ready: false, ..
            } => PassOutcome::NotReady,
        }
    }
}

async fn one_pass(ctx: &Context, copy: &MnsOssSource) -> Result<End, PassError> {
    let namespace = copy.namespace().unwrap_or_default();
    let sources: Api<MnsOssSource> = Api::namespaced(ctx.client.clone(), &namespace);
    let Some(source) = newest(ctx, &sources, copy).await? else {
        return Ok(End::Gone);
    };
    let mut subject = Subject::new(source);
    if subject.source.metadata.deletion_timestamp.is_some() {
        cleanup::clean_up(ctx, &sources, &subject).await?;
        return Ok(End::Gone);
    }
    finalizer::ensure(ctx, &sources, &mut subject).await?;

    let (seen, account) = look(ctx, &subject).await?;
    let plan = plan(&subject, &seen, &ctx.adapter);
    let done = act(ctx, &subject.identity, plan, &seen, account.as_ref()).await?;
    let report = report(&subject, &seen, &done, Timestamp::now());

    if status::write(ctx, &sources, &subject.source, &report.status).await? {
        tell(&subject.identity, &report);
    }
    events::publish(ctx, &subject.source, &report.notes).await;
    Ok(End::Looked {
        is_ready: report.is_ready,
        next: report.next,
    })
}

/// The source as it is. The copy may lag behind what this program itself wrote a moment ago,
/// and acting on that would forget what is in MNS.
async fn newest(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    copy: &MnsOssSource,
) -> Result<Option<MnsOssSource>, PassError> {
    let uid = copy.uid().unwrap_or_default();
    let version = copy.resource_version();
    match ctx.sources.newest(&uid, version.as_ref()) {
        Newest::Copy => return Ok(Some(copy.clone())),
        Newest::Written(source) => return Ok(Some(source)),
        Newest::Unclear => {}
    }
    let found = doing(
        "reading the source",
        sources.get_opt(&copy.name_any()).await,
    )?;
    let found = found.filter(|found| found.metadata.uid == copy.metadata.uid);
    if let Some(found) = &found {
        ctx.sources.asked(&uid, version, found);
    }
    Ok(found)
}

/// Logs what changed about a source, in one line.
fn tell(identity: &Identity, report: &Report) {
    let Identity {
        namespace, name, ..
    } = identity;
    let ready = report.status.conditions.iter().find(|it| it.type_ == READY);
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let reason = text(ready.and_then(|it| it.reason.as_ref()));
    let message = text(ready.and_then(|it| it.message.as_ref()));
    if report.is_ready {
        info!(
            source.namespace = namespace,
            source.name = name,
            "source `{namespace}/{name}` is ready"
        );
    } else {
        info!(
            source.namespace = namespace,
            source.name = name,
            reason,
            "source `{namespace}/{name}` is not ready: {message}"
        );
    }
}
