//! Gauges of each source's queue at `/metrics`: how many messages wait and are in work, and how
//! old the next one is.
//!
//! Calls to MNS cost money, so a queue is asked only if somebody looks: a scrape shows what the
//! last round found and lets the next one begin, which takes two calls for each queue that was not
//! asked within the last minute. A controller that stands by knows no queue and asks none.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use mns::QueueName;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::mns::{Account, Backlog};
use crate::source::Identity;

/// Between two rounds that ask the same queue.
const INTERVAL: Duration = Duration::from_mins(1);
/// What is older is not shown: an old number would be taken for a new one.
const FRESH: Duration = Duration::from_secs(150);
/// Queues that are asked at one time.
const AT_ONCE: usize = 4;

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
    asked: Option<Instant>,
    found: Option<(Instant, Backlog)>,
}

impl Backlogs {
    /// Takes a source's queue in, or learns that it is another one or has another key.
    pub(crate) fn watch(&self, identity: &Identity, account: &Account, queue: &QueueName) {
        let mut queues = self.lock();
        let known = queues.get(&identity.uid);
        let known = known.map(|known| (known.asked, known.found.clone()));
        let (asked, found) = known.unwrap_or_default();
        let watched = WatchedQueue {
            namespace: identity.namespace.clone(),
            source: identity.name.clone(),
            account: account.clone(),
            name: queue.clone(),
            asked,
            found,
        };
        queues.insert(identity.uid.clone(), watched);
    }

    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    /// Asks the queues after each scrape, but none more often than once in a minute.
    ///
    /// # Cancel safety
    /// Dropping the future loses at most what a round has not found yet.
    pub async fn run(&self) {
        loop {
            self.0.scraped.notified().await;
            self.ask_due().await;
        }
    }

    async fn ask_due(&self) {
        let now = Instant::now();
        let mut due = Vec::new();
        for (uid, queue) in self.lock().iter_mut() {
            if queue.asked.is_none_or(|asked| now - asked >= INTERVAL) {
                queue.asked = Some(now);
                due.push((uid.clone(), queue.clone()));
            }
        }
        let asked = stream::iter(due).for_each_concurrent(AT_ONCE, |(uid, queue)| async move {
            // What MNS does not tell is not shown; the source's conditions say why it does not.
            let backlog = Backlog::ask(&queue.account, &queue.name).await.ok();
            if let Some(queue) = self.lock().get_mut(&uid) {
                queue.found = backlog.map(|backlog| (Instant::now(), backlog));
            }
        });
        asked.await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, WatchedQueue>> {
        let queues = self.0.queues.lock();
        queues.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Backlogs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.scraped.notify_one();
        let queues = self.lock();
        let fresh: Vec<_> = queues
            .values()
            .filter_map(|queue| {
                let (since, backlog) = queue.found.as_ref()?;
                let labels = [
                    ("namespace_name", queue.namespace.as_str()),
                    ("name", queue.source.as_str()),
                ];
                (since.elapsed() < FRESH).then_some((labels, backlog))
            })
            .collect();
        let mut messages = encoder.encode_descriptor(
            "queue_messages",
            "Messages in the queue of a source, about",
            None,
            MetricType::Gauge,
        )?;
        for ([namespace, name], backlog) in &fresh {
            let counts = [("waiting", backlog.waiting()), ("in_work", backlog.in_work)];
            for (state, count) in counts {
                let labels = [*namespace, *name, ("state", state)];
                ConstGauge::new(count).encode(messages.encode_family(&labels)?)?;
            }
        }
        let mut ages = encoder.encode_descriptor(
            "queue_next_message_age",
            "How long the next message of a source's queue has been there",
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
