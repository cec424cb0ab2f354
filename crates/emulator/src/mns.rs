//! MNS, the queue service, now called Simple Message Queue.
//!
//! Each queue is a pure state machine (`queue`) behind a lock of its own (`cell`); this module
//! knows them by name and fans out what is published to topics. HTTP and signatures stay in
//! `http`, documents in `xml`. Not emulated: pushing to HTTP, mail and SMS
//! endpoints, limits on rates and numbers, and the account's logging bucket.

mod attributes;
mod cell;
#[cfg(test)]
mod fixture;
mod handle;
mod http;
mod message;
mod millis;
mod name;
mod queue;
mod refusal;
mod state;
mod topic;
mod topics;
pub(crate) mod xml;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

use self::attributes::{QueueAttributes, TopicAttributes};
use self::cell::{QueueCell, QueueError, now};
use self::handle::ResourceId;
use self::message::{Body, Draft};
use self::name::{Kind, Name};
use self::queue::Queue;
use self::refusal::Code;
use self::state::{MnsState, Record};
use self::topic::Topic;
use crate::journal::JournalError;
use crate::rules::Endpoint;
use crate::shared::Shared;

pub use self::http::router;

/// The MNS service.
#[derive(Debug)]
pub struct Mns {
    shared: Arc<Shared>,
    queues: RwLock<BTreeMap<Name, Arc<QueueCell>>>,
    topics: Mutex<BTreeMap<Name, Topic>>,
    /// Ends all waiting receives.
    closing: CancellationToken,
}

/// Why the event of a rule was not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The queue or topic of the rule does not exist.
    #[error("no {0}")]
    NoEndpoint(Endpoint),
    /// The message cannot be written to the journal.
    #[error("cannot keep the message")]
    Journal(#[from] JournalError),
}

/// The outcome of a request to create a resource that may exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Creation {
    /// It is new.
    New,
    /// It was there already, with the same attributes.
    Unchanged,
}

impl Mns {
    /// Restores queues, topics, subscriptions and messages from the journal.
    ///
    /// # Errors
    /// When the journal is damaged.
    pub fn new(shared: Arc<Shared>) -> Result<Arc<Self>, JournalError> {
        let MnsState { queues, topics, .. } = shared.journal.restore(MnsState::default())?;
        let cell =
            |(name, queue): (Name, Queue)| (name.clone(), Arc::new(QueueCell::new(name, queue)));
        let queues = RwLock::new(queues.into_iter().map(cell).collect());
        Ok(Arc::new(Self {
            shared,
            queues,
            topics: Mutex::new(topics),
            closing: CancellationToken::new(),
        }))
    }

    /// Ends every receive that waits, now and from now on, so that nobody who stops the
    /// emulator has to wait as long.
    pub fn stop_waiting(&self) {
        self.closing.cancel();
    }

    /// Makes a topic with default attributes unless there is one of that name, or the name
    /// cannot be one.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn ensure_topic(&self, topic: &str) -> Result<(), JournalError> {
        let mut topics = self.topics.lock();
        if topics.contains_key(topic) {
            return Ok(());
        }
        let Ok(name) = Name::parse(Kind::Topic, topic) else {
            tracing::warn!(mns.topic = topic, "there can be no topic `{topic}`");
            return Ok(());
        };
        self.insert_topic(&mut topics, name, TopicAttributes::default())
    }

    /// Whether there is a queue of that name.
    #[must_use]
    pub fn has_queue(&self, queue: &str) -> bool {
        let queues = self.queues.read();
        queues.contains_key(queue)
    }

    /// Whether there is a topic of that name.
    #[must_use]
    pub fn has_topic(&self, topic: &str) -> bool {
        self.topics.lock().contains_key(topic)
    }

    /// Delivers the event of a rule.
    ///
    /// Does not wait, so that a caller can store an object and deliver its event without
    /// a point in between at which it might be dropped.
    ///
    /// # Errors
    /// When the endpoint is gone or the message cannot be written to the journal.
    pub fn deliver(&self, endpoint: &Endpoint, body: &str) -> Result<(), DeliveryError> {
        let body = Body::new(body);
        let delivered = match endpoint {
            Endpoint::Queue(queue) => Name::parse(Kind::Queue, queue)
                .map_err(QueueError::from)
                .and_then(|name| self.queue(&name))
                .and_then(|queue| queue.send(&self.shared, vec![Draft::plain(body)]))
                .map(drop),
            Endpoint::Topic(topic) => Name::parse(Kind::Topic, topic)
                .map_err(QueueError::from)
                .and_then(|name| self.fan_out(&name, &body, None, None))
                .map(drop),
        };
        delivered.map_err(|error| match error {
            QueueError::Journal(error) => error.into(),
            QueueError::Refused(_) => DeliveryError::NoEndpoint(endpoint.clone()),
        })
    }

    /// The queue of that name.
    fn queue(&self, name: &Name) -> Result<Arc<QueueCell>, QueueError> {
        let queues = self.queues.read();
        Ok(queues.get(name).cloned().ok_or(Code::QueueNotExist)?)
    }

    /// All queues, in the order of their names.
    fn all_queues(&self) -> Vec<Arc<QueueCell>> {
        let queues = self.queues.read();
        queues.values().cloned().collect()
    }

    /// Makes a queue unless there is one with the same attributes.
    fn create_queue(
        &self,
        name: Name,
        attributes: QueueAttributes,
    ) -> Result<Creation, QueueError> {
        let mut queues = self.queues.write();
        if let Some(queue) = queues.get(&name) {
            let same = queue.attributes() == attributes;
            return if same {
                Ok(Creation::Unchanged)
            } else {
                Err(Code::QueueAlreadyExist.into())
            };
        }
        let queue = Queue::new(ResourceId::random(), attributes, now(&self.shared));
        let cell = QueueCell::new(name.clone(), queue);
        self.keep(&cell.record())?;
        queues.insert(name, Arc::new(cell));
        Ok(Creation::New)
    }

    /// Deletes a queue with all that is in it. One that does not exist is deleted already.
    fn delete_queue(&self, name: &Name) -> Result<(), QueueError> {
        let mut queues = self.queues.write();
        let Some(queue) = queues.get(name) else {
            return Ok(());
        };
        self.keep(&Record::QueueGone { name: name.clone() })?;
        queue.end();
        queues.remove(name);
        Ok(())
    }

    fn keep(&self, record: &Record) -> Result<(), JournalError> {
        self.shared.journal.append::<MnsState>(record)
    }
}
