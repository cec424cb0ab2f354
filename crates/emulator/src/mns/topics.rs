//! The topics of the service: making and changing them, subscribing, and publishing.
//!
//! One lock holds all topics. It is held for a few steps only, never while a message is put
//! into a queue and never across an `await`.

use std::collections::BTreeMap;

use super::attributes::TopicAttributes;
use super::cell::{QueueError, now};
use super::handle::ResourceId;
use super::message::{Body, Draft, Extras, MessageId};
use super::name::Name;
use super::refusal::Code;
use super::state::Record;
use super::topic::{Publication, Subscription, Topic};
use super::{Creation, Mns};
use crate::journal::JournalError;

impl Mns {
    /// Makes a topic unless there is one with the same attributes.
    pub(super) fn create_topic(
        &self,
        name: Name,
        attributes: TopicAttributes,
    ) -> Result<Creation, QueueError> {
        let mut topics = self.topics.lock();
        if let Some(topic) = topics.get(&name) {
            let same = topic.attributes == attributes;
            return if same {
                Ok(Creation::Unchanged)
            } else {
                Err(Code::TopicAlreadyExist.into())
            };
        }
        self.insert_topic(&mut topics, name, attributes)?;
        Ok(Creation::New)
    }

    /// Changes the attributes of a topic.
    pub(super) fn set_topic_attributes(
        &self,
        name: &Name,
        change: impl FnOnce(&TopicAttributes) -> TopicAttributes,
    ) -> Result<(), QueueError> {
        let mut topics = self.topics.lock();
        let topic = topics.get_mut(name).ok_or(Code::TopicNotExist)?;
        let mut changed = topic.clone();
        changed.attributes = change(&topic.attributes);
        changed.modified = now(&self.shared);
        self.keep(&Record::Topic {
            name: name.clone(),
            topic: changed.clone(),
        })?;
        *topic = changed;
        Ok(())
    }

    /// A copy of a topic, with its subscriptions.
    pub(super) fn topic(&self, name: &Name) -> Result<Topic, QueueError> {
        Ok(self
            .topics
            .lock()
            .get(name)
            .cloned()
            .ok_or(Code::TopicNotExist)?)
    }

    /// Copies of all topics, in the order of their names.
    pub(super) fn all_topics(&self) -> Vec<(Name, Topic)> {
        self.topics
            .lock()
            .iter()
            .map(|(name, topic)| (name.clone(), topic.clone()))
            .collect()
    }

    /// Deletes a topic with its subscriptions. One that does not exist is deleted already.
    pub(super) fn delete_topic(&self, name: &Name) -> Result<(), QueueError> {
        let mut topics = self.topics.lock();
        if topics.contains_key(name) {
            self.keep(&Record::TopicGone { name: name.clone() })?;
            topics.remove(name);
        }
        Ok(())
    }

    /// Subscribes an endpoint unless the same subscription exists.
    pub(super) fn subscribe(
        &self,
        topic_name: &Name,
        name: Name,
        subscription: Subscription,
    ) -> Result<Creation, QueueError> {
        let mut topics = self.topics.lock();
        let topic = topics.get_mut(topic_name).ok_or(Code::TopicNotExist)?;
        if let Some(existing) = topic.subscriptions.get(&name) {
            let same = existing.is_same_as(&subscription);
            let made = if same {
                Ok(Creation::Unchanged)
            } else {
                Err(Code::SubscriptionAlreadyExist)
            };
            return Ok(made?);
        }
        self.check_capacity(topic, &subscription)?;
        self.keep_subscription(topic_name, &name, &subscription)?;
        topic.subscriptions.insert(name, subscription);
        Ok(Creation::New)
    }

    /// Changes a subscription.
    pub(super) fn change_subscription(
        &self,
        topic_name: &Name,
        name: &Name,
        change: impl FnOnce(&mut Subscription),
    ) -> Result<(), QueueError> {
        let mut topics = self.topics.lock();
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
    pub(super) fn unsubscribe(&self, topic_name: &Name, name: &Name) -> Result<(), QueueError> {
        let mut topics = self.topics.lock();
        let topic = topics.get_mut(topic_name).ok_or(Code::TopicNotExist)?;
        if topic.subscriptions.contains_key(name) {
            let (topic, name) = (topic_name.clone(), name.clone());
            self.keep(&Record::SubscriptionGone { topic, name })?;
        }
        topic.subscriptions.remove(name);
        Ok(())
    }

    /// Publishes to the queues that want it.
    pub(super) fn fan_out(
        &self,
        name: &Name,
        body: &Body,
        tag: Option<&str>,
        extras: Option<&Extras>,
    ) -> Result<MessageId, QueueError> {
        let account = self.shared.settings.account.as_str();
        let (id, deliveries) = {
            let mut topics = self.topics.lock();
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

    pub(super) fn insert_topic(
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
}
