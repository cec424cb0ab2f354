//! One queue as a state machine: what is in it, what can be received, and when the rest can.
//!
//! Pure: it reads no clock, takes no lock and never waits; every operation is told the
//! time. An operation is planned as a [`Change`] and takes effect when that is applied, so
//! that the change can be journalled in between, and the same changes rebuild the queue
//! after a restart. Each costs a few steps in trees ordered by time, so a backlog of
//! hundreds of thousands of messages is as quick as an empty queue.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::attributes::QueueAttributes;
use super::handle::{ReceiptHandle, ResourceId};
use super::message::{Delivery, Draft, Message, QueuedMessage, Sequence};
use super::millis::Millis;

/// A queue with its messages.
#[derive(Debug)]
pub(crate) struct Queue {
    id: ResourceId,
    attributes: QueueAttributes,
    created: Millis,
    modified: Millis,
    next_sequence: Sequence,
    messages: BTreeMap<Sequence, Message>,
    /// Messages that can be received now: by priority, then by how long they have been
    /// visible. A message that comes back lines up behind those already waiting, so one
    /// that is never deleted delays no other.
    visible: BTreeSet<(u8, Millis, Sequence)>,
    /// Messages that cannot be received before a certain time.
    hidden: BTreeSet<(Millis, Sequence)>,
    /// How many of the hidden were never received.
    delayed: usize,
}

/// A change of what a queue holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Change {
    /// Messages come in.
    Sent(Vec<(Sequence, Message)>),
    /// Messages are received, or stay hidden for longer or shorter than before.
    Moved(Vec<(Sequence, Delivery)>),
    /// Messages are deleted.
    Deleted(Vec<Sequence>),
}

/// Why a receipt handle has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    /// It was never given out by this queue.
    Foreign,
    /// Its message is gone, visible again, or answers to a newer handle.
    Expired,
}

/// The visibility of a message after its receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterReceive {
    /// It is hidden for the queue's visibility timeout.
    Hide,
    /// It stays visible, so that it is received again: a duplicate on purpose.
    StayVisible,
}

/// How many messages are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Can be received.
    pub(crate) active: usize,
    /// Received and hidden.
    pub(crate) inactive: usize,
    /// Sent with a delay that has not passed.
    pub(crate) delayed: usize,
}

impl Change {
    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Sent(messages) => messages.is_empty(),
            Self::Moved(deliveries) => deliveries.is_empty(),
            Self::Deleted(sequences) => sequences.is_empty(),
        }
    }
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new(id: ResourceId, attributes: QueueAttributes, now: Millis) -> Self {
        Self {
            id,
            attributes,
            created: now,
            modified: now,
            next_sequence: 1,
            messages: BTreeMap::new(),
            visible: BTreeSet::new(),
            hidden: BTreeSet::new(),
            delayed: 0,
        }
    }

    /// The id of this queue, which no other has.
    pub(crate) fn id(&self) -> ResourceId {
        self.id
    }

    /// The attributes in force.
    pub(crate) fn attributes(&self) -> &QueueAttributes {
        &self.attributes
    }

    /// When it was created.
    pub(crate) fn created(&self) -> Millis {
        self.created
    }

    /// When its attributes last changed.
    pub(crate) fn modified(&self) -> Millis {
        self.modified
    }

    /// The number that the next message will get.
    pub(crate) fn next_sequence(&self) -> Sequence {
        self.next_sequence
    }

    /// Never gives a message a number below `next`: a number once used by a message that
    /// is gone must not be used again, or its receipt handles would come back to life.
    pub(crate) fn skip_sequences_below(&mut self, next: Sequence) {
        self.next_sequence = self.next_sequence.max(next);
    }

    /// Everything in the queue, in the order it was sent.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (Sequence, &Message)> {
        self.messages
            .iter()
            .map(|(sequence, message)| (*sequence, message))
    }

    /// Replaces the attributes. Messages already in the queue keep the times they were
    /// given; a new retention period holds for them too.
    pub(crate) fn set_attributes(&mut self, attributes: QueueAttributes, now: Millis) {
        self.attributes = attributes;
        self.modified = now;
    }

    /// Plans to put messages in. Lets go of those whose time is over, so that a queue that
    /// nobody reads does not grow for ever.
    pub(crate) fn plan_send(&mut self, drafts: Vec<Draft>, now: Millis) -> Change {
        self.advance(now);
        let numbered = (self.next_sequence..).zip(drafts);
        Change::Sent(
            numbered
                .map(|(number, draft)| (number, self.message(draft, now)))
                .collect(),
        )
    }

    /// Plans to take up to `most` of the visible messages, the most urgent and longest
    /// visible first.
    pub(crate) fn plan_receive(&mut self, most: usize, then: AfterReceive, now: Millis) -> Change {
        self.advance(now);
        let visible_at = match then {
            AfterReceive::Hide => now.plus_seconds(self.attributes.visibility_timeout_seconds),
            AfterReceive::StayVisible => now,
        };
        let taken = self.visible.iter().take(most);
        let delivered = taken.filter_map(|(_, _, sequence)| {
            let before = self.messages.get(sequence)?.delivery;
            Some((*sequence, before.received(visible_at, now)))
        });
        Change::Moved(delivered.collect())
    }

    /// Plans to delete the messages whose deliveries the handles name. Says for each
    /// handle, in order, whether it has the power to.
    pub(crate) fn plan_delete(
        &mut self,
        handles: &[ReceiptHandle],
        now: Millis,
    ) -> (Vec<Result<(), Stale>>, Change) {
        self.advance(now);
        let mut deleted = Vec::with_capacity(handles.len());
        let mut outcome = |handle: &ReceiptHandle| {
            self.claim(*handle)?;
            if deleted.contains(&handle.sequence) {
                return Err(Stale::Expired);
            }
            deleted.push(handle.sequence);
            Ok(())
        };
        let outcomes = handles.iter().map(&mut outcome).collect();
        (outcomes, Change::Deleted(deleted))
    }

    /// Plans to hide a message for so long from now on under a new handle.
    pub(crate) fn plan_visibility(
        &mut self,
        handle: ReceiptHandle,
        timeout_seconds: u32,
        now: Millis,
    ) -> Result<Change, Stale> {
        self.advance(now);
        let before = self.claim(handle)?.delivery;
        let visible_at = now.plus_seconds(timeout_seconds);
        let generation = before.generation.wrapping_add(1);
        let delivery = Delivery {
            visible_at,
            generation,
            ..before
        };
        Ok(Change::Moved(vec![(handle.sequence, delivery)]))
    }

    /// Makes a change, and gives the messages that it sent or moved as they are now.
    pub(crate) fn apply(&mut self, change: Change, now: Millis) -> Vec<QueuedMessage> {
        match change {
            Change::Sent(messages) => messages
                .into_iter()
                .map(|(sequence, message)| self.put(sequence, message, now))
                .collect(),
            Change::Moved(deliveries) => deliveries
                .into_iter()
                .filter_map(|(sequence, delivery)| self.relocate(sequence, delivery, now))
                .collect(),
            Change::Deleted(sequences) => {
                for sequence in sequences {
                    self.remove(sequence);
                }
                Vec::new()
            }
        }
    }

    /// Shows up to `most` of the visible messages and changes nothing about them.
    pub(crate) fn peek(&mut self, most: usize, now: Millis) -> Vec<QueuedMessage> {
        self.advance(now);
        let seen = self.visible.iter().take(most);
        let held = seen.filter_map(|(_, _, sequence)| {
            Some(self.held(*sequence, self.messages.get(sequence)?.clone()))
        });
        held.collect()
    }

    /// How many messages are in which state.
    pub(crate) fn counts(&mut self, now: Millis) -> Counts {
        self.advance(now);
        Counts {
            active: self.visible.len(),
            inactive: self.hidden.len() - self.delayed,
            delayed: self.delayed,
        }
    }

    /// When the next hidden message becomes visible.
    pub(crate) fn next_visible(&self) -> Option<Millis> {
        self.hidden.first().map(|(visible_at, _)| *visible_at)
    }

    /// Lets time do its work: the retention period ends, hidden messages become visible.
    fn advance(&mut self, now: Millis) {
        self.expire(now);
        while let Some(&(visible_at, sequence)) = self.hidden.first() {
            if visible_at > now {
                break;
            }
            self.unlist(sequence);
            self.list(sequence, now);
        }
    }

    /// Messages are numbered in the order they came, so the oldest is the first.
    fn expire(&mut self, now: Millis) {
        let period = self.attributes.message_retention_period_seconds;
        while let Some((&oldest, message)) = self.messages.first_key_value() {
            if message.enqueued.plus_seconds(period) > now {
                break;
            }
            self.remove(oldest);
        }
    }

    /// The message a handle has power over, which ends when the message is visible again.
    fn claim(&self, handle: ReceiptHandle) -> Result<&Message, Stale> {
        if handle.queue != self.id || handle.sequence >= self.next_sequence {
            return Err(Stale::Foreign);
        }
        let message = self.messages.get(&handle.sequence).ok_or(Stale::Expired)?;
        let current = message.delivery.generation == handle.generation
            && self
                .hidden
                .contains(&(message.delivery.visible_at, handle.sequence));
        if current {
            Ok(message)
        } else {
            Err(Stale::Expired)
        }
    }

    fn message(&self, draft: Draft, now: Millis) -> Message {
        let Draft {
            body,
            delay_seconds,
            priority,
            extras,
        } = draft;
        let delay_seconds = delay_seconds.unwrap_or(self.attributes.delay_seconds);
        let delivery = Delivery::none(now.plus_seconds(delay_seconds), now);
        Message {
            body,
            extras,
            enqueued: now,
            priority,
            delivery,
        }
    }

    fn put(&mut self, sequence: Sequence, message: Message, now: Millis) -> QueuedMessage {
        self.skip_sequences_below(sequence + 1);
        self.unlist(sequence);
        self.messages.insert(sequence, message.clone());
        self.list(sequence, now);
        self.held(sequence, message)
    }

    fn relocate(
        &mut self,
        sequence: Sequence,
        delivery: Delivery,
        now: Millis,
    ) -> Option<QueuedMessage> {
        self.unlist(sequence);
        let message = self.messages.get_mut(&sequence)?;
        message.delivery = delivery;
        let message = message.clone();
        self.list(sequence, now);
        Some(self.held(sequence, message))
    }

    fn remove(&mut self, sequence: Sequence) {
        self.unlist(sequence);
        self.messages.remove(&sequence);
    }

    /// Enters a message where it belongs at the time `now`.
    fn list(&mut self, sequence: Sequence, now: Millis) {
        let Some(message) = self.messages.get(&sequence) else {
            return;
        };
        let Delivery {
            visible_at,
            dequeue_count,
            ..
        } = message.delivery;
        if visible_at > now {
            self.hidden.insert((visible_at, sequence));
            self.delayed += usize::from(dequeue_count == 0);
        } else {
            self.visible
                .insert((message.priority, visible_at, sequence));
        }
    }

    /// Takes a message out of both orders, before anything that decides its place changes.
    fn unlist(&mut self, sequence: Sequence) {
        let Some(message) = self.messages.get(&sequence) else {
            return;
        };
        let Delivery {
            visible_at,
            dequeue_count,
            ..
        } = message.delivery;
        if self.hidden.remove(&(visible_at, sequence)) {
            self.delayed -= usize::from(dequeue_count == 0);
        } else {
            self.visible
                .remove(&(message.priority, visible_at, sequence));
        }
    }

    fn held(&self, sequence: Sequence, message: Message) -> QueuedMessage {
        QueuedMessage {
            queue: self.id,
            sequence,
            message,
        }
    }
}

#[cfg(test)]
mod tests;
