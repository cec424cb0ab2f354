//! Answers that hold for some seconds, with one question to the cloud per source at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::Api;
use mns::QueueName;
use source_api::MnsOssSource;
use thiserror::Error;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::time::{Instant, timeout};
use tonic::{Code, Status};
use tracing::debug;

use super::demand::Demand;
use super::question::SourceName;
use crate::account::{self, AccountProblem};
use crate::context::Context;
use crate::mns::{Account, Backlog, MnsProblem};
use crate::source::{DesiredQueueError, ParsedSource};

/// For how long an answer is given again. KEDA asks twice in each round, and its metrics server
/// besides.
const FRESH: Duration = Duration::from_secs(5);
/// For how long the account and the queue of a source are taken to be the same: as long as the
/// controller itself uses what it has read of a Secret.
const OPENED: Duration = Duration::from_mins(1);
/// How long one answer may take, with all calls. That of one call to MNS is 5 s.
const DEADLINE: Duration = Duration::from_secs(12);
/// Sources that are asked about at one time.
const AT_ONCE: usize = 16;
/// Sources to know at one time, so that questions about sources that do not exist take no more
/// memory than that.
const MOST: usize = 10_000;

/// Answers by source.
pub(super) struct Answers {
    ctx: Arc<Context>,
    sources: Mutex<HashMap<SourceName, Place>>,
    asking: Semaphore,
}

/// Room for one source, and when it was last asked about.
type Place = (Instant, Arc<AsyncMutex<Known>>);

/// What is known of one source.
#[derive(Default)]
struct Known {
    opened: Option<(Instant, Opened)>,
    answer: Option<(Instant, Result<Demand, Refusal>)>,
}

/// A queue and the key to it.
#[derive(Clone)]
struct Opened {
    account: Account,
    queue: QueueName,
}

/// Why there is no answer. No message quotes a Secret or an answer of MNS.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    /// There is none, or none that this controller keeps.
    #[error(
        "there is no MnsOssSource of this name in the namespace of the ScaledObject that the controller keeps"
    )]
    Unknown,
    /// Too many sources are asked about.
    #[error("too many sources are asked about: ask again later")]
    Busy,
    /// Kubernetes does not say.
    #[error("the API server does not say what the source is; the controller's log says why")]
    ApiServer,
    /// The source names no queue.
    #[error("the source has no queue: {0}")]
    Queue(DesiredQueueError),
    /// Nobody has a key to the queue.
    #[error("the source has no account: {0}")]
    Account(AccountProblem),
    /// MNS does not say.
    #[error("{}", .0.message)]
    Mns(MnsProblem),
    /// It took too long.
    #[error("there was no answer within {} s", DEADLINE.as_secs())]
    TimedOut,
}

impl Refusal {
    /// How gRPC names it.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Unknown => Code::NotFound,
            Self::Busy => Code::ResourceExhausted,
            Self::ApiServer => Code::Unavailable,
            Self::Account(problem) if problem.is_passing() => Code::Unavailable,
            Self::Mns(problem) if problem.disposition.is_retryable() => Code::Unavailable,
            Self::Queue(_) | Self::Account(_) | Self::Mns(_) => Code::FailedPrecondition,
            Self::TimedOut => Code::DeadlineExceeded,
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code(), refusal.to_string())
    }
}

impl Answers {
    pub(super) fn new(ctx: Arc<Context>) -> Self {
        Self {
            ctx,
            sources: Mutex::default(),
            asking: Semaphore::new(AT_ONCE),
        }
    }

    /// What a source has to do. Whoever asks while somebody else does waits for that answer.
    ///
    /// # Cancel safety
    /// Who is dropped leaves the question to the next one who waits.
    pub(super) async fn get(&self, source: &SourceName) -> Result<Demand, Refusal> {
        let known = self.known(source).ok_or(Refusal::Busy)?;
        let mut known = known.lock().await;
        if let Some((since, answer)) = &known.answer
            && since.elapsed() < FRESH
        {
            return answer.clone();
        }
        let asked = async {
            // Never closed.
            let _permit = self.asking.acquire().await.ok();
            self.ask(source, &mut known.opened).await
        };
        let answer = timeout(DEADLINE, asked).await;
        let answer = answer.unwrap_or(Err(Refusal::TimedOut));
        known.answer = Some((Instant::now(), answer.clone()));
        answer
    }

    /// Room for one source; `None` if there is none.
    fn known(&self, source: &SourceName) -> Option<Arc<AsyncMutex<Known>>> {
        let sources = self.sources.lock();
        let mut sources = sources.unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some((last, known)) = sources.get_mut(source) {
            *last = now;
            return Some(Arc::clone(known));
        }
        sources.retain(|_, (last, _)| now - *last < OPENED);
        if sources.len() >= MOST {
            return None;
        }
        let known = Arc::default();
        sources.insert(source.clone(), (now, Arc::clone(&known)));
        Some(known)
    }

    async fn ask(
        &self,
        source: &SourceName,
        cached: &mut Option<(Instant, Opened)>,
    ) -> Result<Demand, Refusal> {
        let fresh = cached.take().filter(|(since, _)| since.elapsed() < OPENED);
        let (since, opened) = match fresh {
            Some(fresh) => fresh,
            None => (Instant::now(), self.open(source).await?),
        };
        let backlog = Backlog::ask(&opened.account, &opened.queue).await;
        let demand = backlog.and_then(|backlog| Demand::of(&backlog));
        match demand {
            Ok(demand) => {
                *cached = Some((since, opened));
                Ok(demand)
            }
            // The key or the queue may be another one by now, so both are looked up again.
            Err(problem) => Err(Refusal::Mns(problem)),
        }
    }

    /// Finds the queue of a source and the key to it, as a reconcile does.
    async fn open(&self, source: &SourceName) -> Result<Opened, Refusal> {
        let SourceName { namespace, name } = source;
        let ctx = &self.ctx;
        if !ctx.scope.sees(namespace) {
            return Err(Refusal::Unknown);
        }
        let sources: Api<MnsOssSource> = Api::namespaced(ctx.client.clone(), namespace);
        let found = sources.get_opt(name).await.map_err(|error| {
            debug!(error = %error, "cannot read a source that KEDA asks about");
            Refusal::ApiServer
        })?;
        let parsed = ParsedSource::new(found.ok_or(Refusal::Unknown)?);
        let queue = parsed.desired.queue.as_ref();
        let queue = queue.map_err(|error| Refusal::Queue(error.clone()))?;
        let opened = account::observe(ctx, &parsed).await.map_err(|error| {
            debug!(error = %error, "cannot open the account of a source that KEDA asks about");
            Refusal::ApiServer
        })?;
        Ok(Opened {
            account: opened.account.map_err(Refusal::Account)?,
            queue: queue.name().clone(),
        })
    }
}
