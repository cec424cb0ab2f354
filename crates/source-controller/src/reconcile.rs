//! One pass over one source, from top to bottom: look, plan, act, report.
//!
//! What is seen of each resource, what is to be done about it and how that is done is in the
//! module of the resource. A pass changes nothing while it looks, a plan is pure, and
//! everything that is done can be done twice without harm. What goes wrong for a reason that
//! the user should read is a value; trouble with the API server ends the pass.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt as _};
use mns::Endpoint;
use source_api::{MnsOssSource, READY};
use tokio::time::{Instant, timeout};
use tokio::try_join;
use tracing::{debug, info, warn};
use transport::Disposition;

use crate::context::Context;
use crate::deployment::{AdapterDone, AdapterPlan, AdapterSettings};
use crate::error::{PASS, PassError, doing};
use crate::event_types::{EventTypeStep, EventTypesSeen};
use crate::metrics::PassOutcome;
use crate::mns::orphans::{self, Leftovers};
use crate::mns::{Account, CloudSeen, CloudStep, CloudTrouble, Remembered, Supply};
use crate::own_writes::Newest;
use crate::secret::{AccountProblem, Opened};
use crate::sink::{ResolvedSink, SinkProblem};
use crate::source::{Identity, Subject};
use crate::status::{Next, Report, report};
use crate::{deployment, event_types, events, finalize, secret, sink, status};

/// How everything was that concerns one source.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The sink.
    pub sink: Result<ResolvedSink, SinkProblem>,
    /// The dead letter sink, if one is asked for.
    pub dead_letter_sink: Option<Result<ResolvedSink, SinkProblem>>,
    /// Where the account is that the Secret holds the key to.
    pub account: Result<Endpoint, AccountProblem>,
    /// The version of that Secret; `None` if there is none.
    pub secret_version: Option<String>,
    /// What is in MNS; `None` if there was no account or no name to look for.
    pub cloud: Option<Result<CloudSeen, CloudTrouble>>,
    /// The Deployment that has the adapter's name.
    pub deployment: Option<Deployment>,
    /// Descriptions of events that we made or must make; `None` if that is Knative's affair.
    pub event_types: Option<EventTypesSeen>,
}

/// What to do about one source, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What earlier generations left in MNS and nobody needs any more.
    pub leftovers: Option<Leftovers>,
    /// What to make or correct in MNS; or why nothing can be done there.
    pub cloud: Result<Vec<CloudStep>, CloudTrouble>,
    /// What to do about the adapter.
    pub adapter: AdapterPlan,
    /// What to do about descriptions of events.
    pub event_types: Vec<EventTypeStep>,
}

/// What became of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// What was left over, and whether it is gone; `None` if there was nothing.
    pub leftovers: Option<(Leftovers, Result<(), CloudTrouble>)>,
    /// Steps done in MNS; or what stands in the way there.
    pub cloud: Result<Vec<CloudStep>, CloudTrouble>,
    /// What happened to the adapter.
    pub adapter: AdapterDone,
    /// The adapter's Deployment as it is now.
    pub deployment: Option<Deployment>,
}

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
        finalize::clean_up(ctx, &sources, &subject).await?;
        return Ok(End::Gone);
    }
    finalize::ensure(ctx, &sources, &mut subject).await?;

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

/// Looks at everything that concerns a source. Gives the account too, for acting on it.
///
/// # Errors
/// Trouble with the API server, which may pass.
pub async fn look(ctx: &Context, subject: &Subject) -> Result<(Seen, Option<Account>), PassError> {
    let (sink, dead_letter_sink, in_the_cloud, deployment) = try_join!(
        sink::look(ctx, &subject.wish.sink, &subject.identity),
        sink::look_for_dead_letters(ctx, subject),
        in_the_cloud(ctx, subject),
        async {
            doing(
                "looking for the adapter's deployment",
                ctx.adapters.find(&subject.identity).await,
            )
        },
    )?;
    let event_types = event_types::look(ctx, subject).await;
    let InTheCloud {
        account,
        secret_version,
        cloud,
    } = in_the_cloud;
    let seen = Seen {
        sink,
        dead_letter_sink,
        account: account
            .as_ref()
            .map(|account| account.endpoint().clone())
            .map_err(Clone::clone),
        secret_version,
        cloud,
        deployment,
        event_types,
    };
    Ok((seen, account.ok()))
}

struct InTheCloud {
    account: Result<Account, AccountProblem>,
    secret_version: Option<String>,
    cloud: Option<Result<CloudSeen, CloudTrouble>>,
}

async fn in_the_cloud(ctx: &Context, subject: &Subject) -> Result<InTheCloud, PassError> {
    let Opened {
        account, version, ..
    } = secret::look(ctx, subject).await?;
    let cloud = match (&account, &subject.wish.supply) {
        (Ok(account), Ok(supply)) => {
            let about = Remembered::new(&subject.source, version.as_deref());
            let uid = &subject.identity.uid;
            let cloud = crate::mns::look(ctx, uid, about, account, supply).await;
            if cloud.is_ok() && matches!(supply, Supply::Topic(_)) {
                ctx.accounts.keep(uid, account);
            }
            Some(cloud)
        }
        _ => None,
    };
    Ok(InTheCloud {
        account,
        secret_version: version,
        cloud,
    })
}

/// Decides what to do about a source.
#[must_use]
pub fn plan(subject: &Subject, seen: &Seen, settings: &AdapterSettings) -> Plan {
    Plan {
        leftovers: orphans::leftovers(subject, seen),
        cloud: crate::mns::steps(&subject.wish, seen),
        adapter: deployment::plan(subject, seen, settings),
        event_types: event_types::steps(subject, seen),
    }
}

/// Does what was planned, in the plan's order. Nothing new is made while something old is
/// still to be removed: the source's status can name only one of them, and what it does not
/// name would be forgotten.
///
/// # Errors
/// Trouble with the API server, which may pass.
pub async fn act(
    ctx: &Context,
    identity: &Identity,
    plan: Plan,
    seen: &Seen,
    account: Option<&Account>,
) -> Result<Done, PassError> {
    let leftovers = match plan.leftovers {
        Some(leftovers) => Some(orphans::remove_leftovers(ctx, leftovers, identity, account).await),
        None => None,
    };
    let cloud = match pending(leftovers.as_ref()) {
        Some(trouble) => Err(trouble),
        None => crate::mns::make(ctx, identity, plan.cloud, account).await,
    };
    let (adapter, deployment) = deployment::apply(
        ctx,
        identity,
        plan.adapter,
        seen.deployment.clone(),
        cloud.is_ok(),
    )
    .await?;
    event_types::write(ctx, identity, plan.event_types, seen.event_types.as_ref()).await;
    Ok(Done {
        leftovers,
        cloud,
        adapter,
        deployment,
    })
}

/// Why nothing new may be made yet.
fn pending(leftovers: Option<&(Leftovers, Result<(), CloudTrouble>)>) -> Option<CloudTrouble> {
    let (_, removed) = leftovers?;
    removed
        .as_ref()
        .err()
        .filter(|trouble| trouble.disposition.is_retryable())
        .cloned()
}
