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
mod kept;
mod message;
mod millis;
mod name;
mod queue;
mod refusal;
mod topic;
mod topics;
pub(crate) mod xml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

use self::attributes::{QueueAttributes, QueueChange, TopicAttributes};
use self::cell::{QueueCell, QueueError, now};
use self::handle::ResourceId;
use self::kept::{Kept, Record};
use self::message::Body;
use self::name::{Kind, Name};
use self::queue::Queue;
use self::refusal::Code;
use self::topic::Topic;
use crate::journal::JournalError;
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

/// Why an event could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// No topic of that name.
    #[error("no topic `{0}`")]
    NoTopic(String),
    /// The publication cannot be kept.
    #[error("cannot keep the message")]
    Journal(#[from] JournalError),
}

/// What came of a request to make something that may exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
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
        let Kept { queues, topics, .. } = shared.journal.restore(Kept::default())?;
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
        let mut topics = self.topics();
        if topics.contains_key(topic) {
            return Ok(());
        }
        let Ok(name) = Name::parse(Kind::Topic, topic) else {
            tracing::warn!(mns.topic = topic, "there can be no topic `{topic}`");
            return Ok(());
        };
        self.insert_topic(&mut topics, name, TopicAttributes::default())
    }

    /// Publishes from within the process, as an event rule does; gives the message id.
    ///
    /// Does not wait, so that a caller can store an object and publish its event without
    /// a point in between at which it might be dropped.
    ///
    /// # Errors
    /// When there is no such topic or the messages cannot be kept.
    pub fn publish(
        &self,
        topic: &str,
        body: &str,
        tag: Option<&str>,
    ) -> Result<String, PublishError> {
        let missing = || PublishError::NoTopic(topic.to_owned());
        let name = Name::parse(Kind::Topic, topic).map_err(|_| missing())?;
        match self.fan_out(&name, &Body::new(body), tag, None) {
            Ok(id) => Ok(id.to_string()),
            Err(QueueError::Journal(error)) => Err(error.into()),
            Err(QueueError::Refused(_)) => Err(missing()),
        }
    }

    /// The queue of that name.
    fn queue(&self, name: &Name) -> Result<Arc<QueueCell>, QueueError> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        Ok(queues.get(name).cloned().ok_or(Code::QueueNotExist)?)
    }

    /// All queues, in the order of their names.
    fn all_queues(&self) -> Vec<Arc<QueueCell>> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.values().cloned().collect()
    }

    /// Makes a queue unless there is one with the same attributes.
    fn create_queue(&self, name: Name, change: &QueueChange) -> Result<Made, QueueError> {
        let attributes = change.over(&QueueAttributes::default());
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&name) {
            let same = queue.attributes() == attributes;
            return if same {
                Ok(Made::Unchanged)
            } else {
                Err(Code::QueueAlreadyExist.into())
            };
        }
        let queue = Queue::new(ResourceId::random(), attributes, now(&self.shared));
        let cell = QueueCell::new(name.clone(), queue);
        self.keep(&cell.record())?;
        queues.insert(name, Arc::new(cell));
        Ok(Made::New)
    }

    /// Deletes a queue with all that is in it. One that does not exist is deleted already.
    fn delete_queue(&self, name: &Name) -> Result<(), QueueError> {
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queues.get(name) else {
            return Ok(());
        };
        self.keep(&Record::QueueGone { name: name.clone() })?;
        queue.end();
        queues.remove(name);
        Ok(())
    }

    fn keep(&self, record: &Record) -> Result<(), JournalError> {
        self.shared.journal.append::<Kept>(record)
    }
}
