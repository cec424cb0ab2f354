//! The state of MNS in the journal: queues, topics, subscriptions and messages.
//!
//! Queues are named by their id in the records of their messages, so that a late record
//! of a queue that is gone cannot end up in a new one of the same name.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::attributes::QueueAttributes;
use super::handle::ResourceId;
use super::message::Sequence;
use super::millis::Millis;
use super::name::Name;
use super::queue::{Change, Queue};
use super::topic::{Subscription, Topic};
use crate::journal::Journaled;

/// Messages per record of a snapshot: few enough that a line stays readable.
const SNAPSHOT_BATCH: usize = 64;

/// All queues and topics, before they are shared out among their own locks.
#[derive(Debug, Default)]
pub(crate) struct MnsState {
    pub(crate) queues: BTreeMap<Name, Queue>,
    pub(crate) topics: BTreeMap<Name, Topic>,
    names: HashMap<ResourceId, Name>,
}

/// One change to queues and topics.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    /// A queue is made, or its attributes change.
    Queue {
        name: Name,
        #[serde(flatten)]
        head: QueueHead,
    },
    /// A queue is deleted with all that is in it.
    QueueGone { name: Name },
    /// The messages of a queue change.
    InQueue { queue: ResourceId, change: Change },
    /// A topic is made, or its attributes change.
    Topic { name: Name, topic: Topic },
    /// A topic is deleted with its subscriptions.
    TopicGone { name: Name },
    /// A subscription is made, or its attributes change.
    Subscription {
        topic: Name,
        name: Name,
        subscription: Subscription,
    },
    /// A subscription is ended.
    SubscriptionGone { topic: Name, name: Name },
}

/// A queue without its messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueHead {
    id: ResourceId,
    attributes: QueueAttributes,
    created: Millis,
    modified: Millis,
    next_sequence: Sequence,
}

impl QueueHead {
    /// The record of a queue without its messages.
    pub(crate) fn of(queue: &Queue) -> Self {
        Self {
            id: queue.id(),
            attributes: queue.attributes().clone(),
            created: queue.created(),
            modified: queue.modified(),
            next_sequence: queue.next_sequence(),
        }
    }
}

impl Journaled for MnsState {
    type Record = Record;

    const SECTION: &'static str = "mns";

    fn apply(&mut self, record: Record) {
        match record {
            Record::Queue { name, head } => self.put_queue(name, head),
            Record::QueueGone { name } => {
                if let Some(queue) = self.queues.remove(&name) {
                    self.names.remove(&queue.id());
                }
            }
            Record::InQueue { queue, change } => {
                let name = self.names.get(&queue);
                if let Some(queue) = name.and_then(|name| self.queues.get_mut(name)) {
                    queue.apply(change, Millis::default());
                }
            }
            Record::Topic { name, mut topic } => {
                if let Some(before) = self.topics.remove(&name) {
                    topic.subscriptions = before.subscriptions;
                }
                self.topics.insert(name, topic);
            }
            Record::TopicGone { name } => drop(self.topics.remove(&name)),
            Record::Subscription {
                topic,
                name,
                subscription,
            } => {
                if let Some(topic) = self.topics.get_mut(&topic) {
                    topic.subscriptions.insert(name, subscription);
                }
            }
            Record::SubscriptionGone { topic, name } => {
                if let Some(topic) = self.topics.get_mut(&topic) {
                    topic.subscriptions.remove(&name);
                }
            }
        }
    }

    fn snapshot(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for (name, queue) in &self.queues {
            records.push(Record::Queue {
                name: name.clone(),
                head: QueueHead::of(queue),
            });
            push_messages(&mut records, queue);
        }
        for (name, topic) in &self.topics {
            records.push(Record::Topic {
                name: name.clone(),
                topic: topic.clone(),
            });
            records.extend(
                topic
                    .subscriptions
                    .iter()
                    .map(|(subscription_name, subscription)| Record::Subscription {
                        topic: name.clone(),
                        name: subscription_name.clone(),
                        subscription: subscription.clone(),
                    }),
            );
        }
        records
    }
}

impl MnsState {
    fn put_queue(&mut self, name: Name, head: QueueHead) {
        let QueueHead {
            id,
            attributes,
            created,
            modified,
            next_sequence,
        } = head;
        let known = self.queues.get_mut(&name).filter(|queue| queue.id() == id);
        if let Some(queue) = known {
            queue.set_attributes(attributes, modified);
            queue.skip_sequences_below(next_sequence);
            return;
        }
        let mut queue = Queue::new(id, attributes.clone(), created);
        queue.set_attributes(attributes, modified);
        queue.skip_sequences_below(next_sequence);
        self.names.insert(id, name.clone());
        self.queues.insert(name, queue);
    }
}

fn push_messages(records: &mut Vec<Record>, queue: &Queue) {
    let mut messages = queue
        .messages()
        .map(|(sequence, message)| (sequence, message.clone()));
    loop {
        let batch: Vec<_> = messages.by_ref().take(SNAPSHOT_BATCH).collect();
        if batch.is_empty() {
            return;
        }
        records.push(Record::InQueue {
            queue: queue.id(),
            change: Change::Sent(batch),
        });
    }
}

#[cfg(test)]
mod tests;
