//! MNS, the queue service, now called Simple Message Queue.
//!
//! Each queue is a pure state machine ([`queue`]) behind a lock of its own ([`cell`]); this
//! module knows them by name and fans out what is published to topics. HTTP, XML and
//! signatures stay in [`http`] and [`xml`]. Not emulated: pushing to HTTP, mail and SMS
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
mod xml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

use self::attributes::{QueueAttributes, QueueChange, TopicAttributes, TopicChange};
use self::cell::{QueueCell, QueueError, now};
use self::handle::ResourceId;
use self::kept::{Kept, Record};
use self::message::{Body, Draft, Extras, MessageId};
use self::name::{Kind, Name};
use self::queue::Queue;
use self::refusal::Code;
use self::topic::{Publication, Subscription, Topic};
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

    /// Makes a topic unless there is one with the same attributes.
    fn create_topic(&self, name: Name, change: &TopicChange) -> Result<Made, QueueError> {
        let attributes = change.over(&TopicAttributes::default());
        let mut topics = self.topics();
        if let Some(topic) = topics.get(&name) {
            let same = topic.attributes == attributes;
            return if same {
                Ok(Made::Unchanged)
            } else {
                Err(Code::TopicAlreadyExist.into())
            };
        }
        self.insert_topic(&mut topics, name, attributes)?;
        Ok(Made::New)
    }

    /// Changes the attributes of a topic.
    fn set_topic_attributes(&self, name: &Name, change: &TopicChange) -> Result<(), QueueError> {
        let mut topics = self.topics();
        let topic = topics.get_mut(name).ok_or(Code::TopicNotExist)?;
        let mut changed = topic.clone();
        changed.attributes = change.over(&topic.attributes);
        changed.modified = now(&self.shared);
        self.keep(&Record::Topic {
            name: name.clone(),
            topic: changed.clone(),
        })?;
        *topic = changed;
        Ok(())
    }

    /// A copy of a topic, with its subscriptions.
    fn topic(&self, name: &Name) -> Result<Topic, QueueError> {
        Ok(self
            .topics()
            .get(name)
            .cloned()
            .ok_or(Code::TopicNotExist)?)
    }

    /// Copies of all topics, in the order of their names.
    fn all_topics(&self) -> Vec<(Name, Topic)> {
        self.topics()
            .iter()
            .map(|(name, topic)| (name.clone(), topic.clone()))
            .collect()
    }

    /// Deletes a topic with its subscriptions. One that does not exist is deleted already.
    fn delete_topic(&self, name: &Name) -> Result<(), QueueError> {
        let mut topics = self.topics();
        if topics.contains_key(name) {
            self.keep(&Record::TopicGone { name: name.clone() })?;
            topics.remove(name);
        }
        Ok(())
    }

    /// Subscribes an endpoint unless the same subscription exists.
    fn subscribe(
        &self,
        topic_name: &Name,
        name: Name,
        subscription: Subscription,
    ) -> Result<Made, QueueError> {
        let mut topics = self.topics();
        let topic = topics.get_mut(topic_name).ok_or(Code::TopicNotExist)?;
        if let Some(existing) = topic.subscriptions.get(&name) {
            let same = existing.is_same_as(&subscription);
            let made = if same {
                Ok(Made::Unchanged)
            } else {
                Err(Code::SubscriptionAlreadyExist)
            };
            return Ok(made?);
        }
        self.check_capacity(topic, &subscription)?;
        self.keep_subscription(topic_name, &name, &subscription)?;
        topic.subscriptions.insert(name, subscription);
        Ok(Made::New)
    }

    /// Changes a subscription.
    fn change_subscription(
        &self,
        topic_name: &Name,
        name: &Name,
        change: impl FnOnce(&mut Subscription),
    ) -> Result<(), QueueError> {
        let mut topics = self.topics();
        let topic = topics.get_mut(topic_name).ok_or(Code::TopicNotExist)?;
        let subscription = topic
            .subscriptions
            .get_mut(name)
            .ok_or(Code::SubscriptionNotExist)?;
        let mut changed = subscription.clone();
        change(&mut changed);
        changed.modified = now(&self.shared);
        self.keep_subscription(topic_name, name, &changed)?;
        *subscription = changed;
        Ok(())
    }

    /// Ends a subscription. One that does not exist has ended already.
    fn unsubscribe(&self, topic_name: &Name, name: &Name) -> Result<(), QueueError> {
        let mut topics = self.topics();
        let topic = topics.get_mut(topic_name).ok_or(Code::TopicNotExist)?;
        if topic.subscriptions.contains_key(name) {
            let (topic, name) = (topic_name.clone(), name.clone());
            self.keep(&Record::SubscriptionGone { topic, name })?;
        }
        topic.subscriptions.remove(name);
        Ok(())
    }

    /// Publishes to the queues that want it.
    fn fan_out(
        &self,
        name: &Name,
        body: &Body,
        tag: Option<&str>,
        extras: Option<&Extras>,
    ) -> Result<MessageId, QueueError> {
        let account = self.shared.settings.account.as_str();
        let (id, deliveries) = {
            let mut topics = self.topics();
            let topic = topics.get_mut(name).ok_or(Code::TopicNotExist)?;
            let id = topic.next_id(now(&self.shared));
            (
                id,
                topic.deliveries(Publication {
                    topic: name,
                    account,
                    id,
                    body,
                    tag,
                }),
            )
        };
        for (queue_name, body) in deliveries {
            let extras = extras.cloned().map(Box::new);
            let draft = Draft {
                extras,
                ..Draft::plain(body)
            };
            match self
                .queue(&queue_name)
                .and_then(|queue| queue.send(&self.shared, vec![draft]))
            {
                Ok(_) => {}
                Err(QueueError::Refused(_)) => tracing::warn!(
                    mns.topic = %name,
                    mns.queue = %queue_name,
                    "dropped a message published to `{name}`: no queue `{queue_name}`",
                ),
                Err(error @ QueueError::Journal(_)) => return Err(error),
            }
        }
        Ok(id)
    }

    /// A queue that takes only smaller messages than the topic cannot subscribe to it.
    fn check_capacity(&self, topic: &Topic, subscription: &Subscription) -> Result<(), QueueError> {
        let Some(queue) = &subscription.endpoint.queue else {
            return Ok(());
        };
        let Ok(queue) = self.queue(queue) else {
            return Ok(());
        };
        let (queue, topic) = (queue.attributes(), &topic.attributes);
        if queue.maximum_message_size_bytes < topic.maximum_message_size_bytes {
            return Err(Code::InvalidArgument.into());
        }
        Ok(())
    }

    fn insert_topic(
        &self,
        topics: &mut BTreeMap<Name, Topic>,
        name: Name,
        attributes: TopicAttributes,
    ) -> Result<(), JournalError> {
        let topic = Topic::new(ResourceId::random(), attributes, now(&self.shared));
        self.keep(&Record::Topic {
            name: name.clone(),
            topic: topic.clone(),
        })?;
        topics.insert(name, topic);
        Ok(())
    }

    fn keep_subscription(
        &self,
        topic: &Name,
        name: &Name,
        subscription: &Subscription,
    ) -> Result<(), JournalError> {
        self.keep(&Record::Subscription {
            topic: topic.clone(),
            name: name.clone(),
            subscription: subscription.clone(),
        })
    }

    fn keep(&self, record: &Record) -> Result<(), JournalError> {
        self.shared.journal.append::<Kept>(record)
    }

    fn topics(&self) -> MutexGuard<'_, BTreeMap<Name, Topic>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
