//! Gauges of each source's queue at `/metrics`: how many messages wait and are in flight, and how
//! old the next one is.
//!
//! Calls to MNS cost money, so queues are queried only when the metrics are scraped: a scrape exports
//! the last results and starts the next round, which takes two calls for each queue that was not
//! queried within the last minute. A controller that stands by knows no queue and queries none.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use mns::QueueName;
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::mns::{Account, Backlog};
use crate::source::Identity;

/// Minimum time between two queries of the same queue.
const INTERVAL: Duration = Duration::from_mins(1);
/// Older results are not exported: they would be taken for current ones.
const MAX_AGE: Duration = Duration::from_secs(150);
/// Queues that are queried at one time.
const MAX_QUERIES: usize = 4;

/// The queues of all sources, by uid of the source. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Backlogs(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    scraped: Notify,
    queues: Mutex<BTreeMap<String, WatchedQueue>>,
}

#[derive(Clone, Debug)]
struct WatchedQueue {
    namespace: String,
    source: String,
    account: Account,
    name: QueueName,
    queried: Option<Instant>,
    found: Option<(Instant, Backlog)>,
}

impl Backlogs {
    /// Adds a source's queue, or replaces it by another one or another account.
    pub(crate) fn watch(&self, identity: &Identity, account: &Account, queue: &QueueName) {
        let mut queues = self.0.queues.lock();
        let known = queues.get(&identity.uid);
        let known = known.map(|known| (known.queried, known.found.clone()));
        let (queried, found) = known.unwrap_or_default();
        let watched = WatchedQueue {
            namespace: identity.namespace.clone(),
            source: identity.name.clone(),
            account: account.clone(),
            name: queue.clone(),
            queried,
            found,
        };
        queues.insert(identity.uid.clone(), watched);
    }

    pub(crate) fn forget(&self, uid: &str) {
        self.0.queues.lock().remove(uid);
    }

    /// Queries the queues after each scrape, but none more often than once in a minute.
    ///
    /// # Cancel safety
    /// Dropping the future loses at most the results of the current round.
    pub async fn run(&self) {
        loop {
            self.0.scraped.notified().await;
            self.query_due().await;
        }
    }

    async fn query_due(&self) {
        let now = Instant::now();
        let mut due = Vec::new();
        for (uid, queue) in self.0.queues.lock().iter_mut() {
            if queue.queried.is_none_or(|last| now - last >= INTERVAL) {
                queue.queried = Some(now);
                due.push((uid.clone(), queue.clone()));
            }
        }
        let queries =
            stream::iter(due).for_each_concurrent(MAX_QUERIES, |(uid, queue)| async move {
                // After a failure nothing is exported; the source's conditions say why.
                let backlog = Backlog::query(&queue.account, &queue.name).await.ok();
                if let Some(queue) = self.0.queues.lock().get_mut(&uid) {
                    queue.found = backlog.map(|backlog| (Instant::now(), backlog));
                }
            });
        queries.await;
    }
}

impl Collector for Backlogs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.scraped.notify_one();
        let queues = self.0.queues.lock();
        let fresh: Vec<_> = queues
            .values()
            .filter_map(|queue| {
                let (since, backlog) = queue.found.as_ref()?;
                let labels = [
                    ("namespace_name", queue.namespace.as_str()),
                    ("name", queue.source.as_str()),
                ];
                (since.elapsed() < MAX_AGE).then_some((labels, backlog))
            })
            .collect();
        let mut messages = encoder.encode_descriptor(
            "queue_messages",
            "Approximate number of messages in the queue of a source",
            None,
            MetricType::Gauge,
        )?;
        for ([namespace, name], backlog) in &fresh {
            let counts = [
                ("waiting", backlog.waiting()),
                ("in_work", backlog.in_flight),
            ];
            for (state, count) in counts {
                let labels = [*namespace, *name, ("state", state)];
                ConstGauge::new(count).encode(messages.encode_family(&labels)?)?;
            }
        }
        let mut ages = encoder.encode_descriptor(
            "queue_next_message_age",
            "Age of the next message in the queue of a source",
            Some(&Unit::Seconds),
            MetricType::Gauge,
        )?;
        for (labels, backlog) in &fresh {
            if let Some(age) = backlog.next_message_age() {
                ConstGauge::new(age.as_secs_f64()).encode(ages.encode_family(labels)?)?;
            }
        }
        Ok(())
    }
}
