//! Caches the demand of each source for some seconds, with one query per source at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kube::Api;
use mns::QueueName;
use parking_lot::Mutex;
use source_api::MnsOssSource;
use thiserror::Error;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::time::{Instant, timeout};
use tonic::{Code, Status};
use tracing::debug;

use super::demand::Demand;
use super::scaled_object_ref::SourceName;
use crate::account::{self, AccountProblem};
use crate::context::Context;
use crate::mns::{Account, Backlog, MnsProblem};
use crate::source::{DesiredQueueError, ParsedSource};

/// For how long the demand of a source is cached. KEDA calls twice in each polling interval, and its
/// metrics server calls too.
const DEMAND_TTL: Duration = Duration::from_secs(5);
/// For how long the account and the queue of a source are cached: as long as the controller itself
/// caches a Secret.
const ACCESS_TTL: Duration = Duration::from_mins(1);
/// How long one query may take, with all its calls. The deadline of one call to MNS is 5 s.
const DEADLINE: Duration = Duration::from_secs(12);
/// Sources that are queried at one time.
const MAX_QUERIES: usize = 16;
/// Sources in the cache, so that requests for sources that do not exist cannot fill the memory.
const MAX_SOURCES: usize = 10_000;

/// The demand of each source.
pub(super) struct DemandCache {
    ctx: Arc<Context>,
    sources: Mutex<HashMap<SourceName, CacheEntry>>,
    queries: Semaphore,
}

/// When the source was last requested, and what is cached of it.
type CacheEntry = (Instant, Arc<AsyncMutex<CachedSource>>);

/// What is cached of one source.
#[derive(Default)]
struct CachedSource {
    access: Option<(Instant, QueueAccess)>,
    demand: Option<(Instant, Result<Demand, DemandError>)>,
}

/// A queue and its account.
#[derive(Clone)]
struct QueueAccess {
    account: Account,
    queue: QueueName,
}

/// Why the demand of a source is not known. No message quotes a Secret or a response of MNS.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum DemandError {
    /// There is no such source in the namespaces that the controller watches.
    #[error(
        "the controller knows no MnsOssSource of this name in the namespace of the ScaledObject"
    )]
    Unknown,
    /// The cache is full.
    #[error("too many sources are queried: try again later")]
    Busy,
    /// The source or its Secret could not be read.
    #[error("cannot read the source from the API server, see the controller's log")]
    ApiServer,
    /// The source names no queue.
    #[error("the source has no queue: {0}")]
    Queue(DesiredQueueError),
    /// The source has no usable credentials.
    #[error("the source has no account: {0}")]
    Account(AccountProblem),
    /// A call to MNS failed.
    #[error("{}", .0.message)]
    Mns(MnsProblem),
    /// It took too long.
    #[error("no response within {} s", DEADLINE.as_secs())]
    TimedOut,
}

impl DemandError {
    /// The gRPC status code.
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

impl From<DemandError> for Status {
    fn from(error: DemandError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl DemandCache {
    pub(super) fn new(ctx: Arc<Context>) -> Self {
        Self {
            ctx,
            sources: Mutex::default(),
            queries: Semaphore::new(MAX_QUERIES),
        }
    }

    /// The demand of a source. Concurrent calls for the same source share one query.
    ///
    /// # Cancel safety
    /// If the future is dropped, the next waiting call runs the query.
    pub(super) async fn get(&self, source: &SourceName) -> Result<Demand, DemandError> {
        let entry = self.entry(source).ok_or(DemandError::Busy)?;
        let mut cached = entry.lock().await;
        if let Some((since, demand)) = &cached.demand
            && since.elapsed() < DEMAND_TTL
        {
            return demand.clone();
        }
        let query = async {
            // Never closed.
            let _permit = self.queries.acquire().await.ok();
            self.query(source, &mut cached.access).await
        };
        let demand = timeout(DEADLINE, query).await;
        let demand = demand.unwrap_or(Err(DemandError::TimedOut));
        cached.demand = Some((Instant::now(), demand.clone()));
        demand
    }

    /// The entry of a source; `None` if the cache is full.
    fn entry(&self, source: &SourceName) -> Option<Arc<AsyncMutex<CachedSource>>> {
        let sources = self.sources.lock();
        let mut sources = sources;
        let now = Instant::now();
        if let Some((last, entry)) = sources.get_mut(source) {
            *last = now;
            return Some(Arc::clone(entry));
        }
        sources.retain(|_, (last, _)| now - *last < ACCESS_TTL);
        if sources.len() >= MAX_SOURCES {
            return None;
        }
        let entry = Arc::default();
        sources.insert(source.clone(), (now, Arc::clone(&entry)));
        Some(entry)
    }

    async fn query(
        &self,
        source: &SourceName,
        cached: &mut Option<(Instant, QueueAccess)>,
    ) -> Result<Demand, DemandError> {
        let fresh = cached
            .take()
            .filter(|(since, _)| since.elapsed() < ACCESS_TTL);
        let (since, access) = match fresh {
            Some(fresh) => fresh,
            None => (Instant::now(), self.resolve_queue(source).await?),
        };
        let backlog = Backlog::query(&access.account, &access.queue).await;
        let demand = backlog.and_then(|backlog| Demand::of(&backlog));
        match demand {
            Ok(demand) => {
                *cached = Some((since, access));
                Ok(demand)
            }
            // The key or the queue may have changed, so both are looked up again next time.
            Err(problem) => Err(DemandError::Mns(problem)),
        }
    }

    /// Finds the queue of a source and its account, as a reconcile does.
    async fn resolve_queue(&self, source: &SourceName) -> Result<QueueAccess, DemandError> {
        let SourceName { namespace, name } = source;
        let ctx = &self.ctx;
        if !ctx.watched_namespaces.includes(namespace) {
            return Err(DemandError::Unknown);
        }
        let sources: Api<MnsOssSource> = Api::namespaced(ctx.client.clone(), namespace);
        let found = sources.get_opt(name).await.map_err(|error| {
            debug!(error = %error, "cannot read a source for KEDA");
            DemandError::ApiServer
        })?;
        let parsed = ParsedSource::new(found.ok_or(DemandError::Unknown)?);
        let queue = parsed.desired.queue.as_ref();
        let queue = queue.map_err(|error| DemandError::Queue(error.clone()))?;
        let opened = account::observe(ctx, &parsed).await.map_err(|error| {
            debug!(error = %error, "cannot open the account of a source for KEDA");
            DemandError::ApiServer
        })?;
        Ok(QueueAccess {
            account: opened.account.map_err(DemandError::Account)?,
            queue: queue.name().clone(),
        })
    }
}
