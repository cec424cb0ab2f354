//! One queue as a state machine: what is in it, what can be received, and when the rest can.
//!
//! Pure: it reads no clock, takes no lock and never waits; every operation is told the
//! time. Each costs at most a few steps in trees ordered by time, so a backlog of hundreds
//! of thousands of messages is as quick as an empty queue.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes::QueueAttributes;
use super::handle::{QueueId, ReceiptHandle};
use super::message::{Delivery, Draft, Held, Message, Sequence};
use super::millis::Millis;

/// A queue with its messages.
#[derive(Debug)]
pub(crate) struct Queue {
    id: QueueId,
    attributes: QueueAttributes,
    created: Millis,
    modified: Millis,
    next_sequence: Sequence,
    messages: BTreeMap<Sequence, Message>,
    /// Messages that can be received now: by priority, then by how long they have been
    /// visible. A message that comes back lines up behind those already waiting, so one
    /// that is never deleted holds up nobody.
    visible: BTreeSet<(u8, Millis, Sequence)>,
    /// Messages that cannot be received before a certain time.
    hidden: BTreeSet<(Millis, Sequence)>,
    /// How many of the hidden were never received.
    delayed: usize,
}

/// Why a receipt handle has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    /// It was never given out by this queue.
    Foreign,
    /// Its message is gone, visible again, or answers to a newer handle.
    Expired,
}

/// What becomes of a message that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterReceive {
    /// Nobody else sees it for the queue's visibility timeout.
    Hide,
    /// It stays visible, so that somebody receives it again: a duplicate on purpose.
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

impl Queue {
    /// An empty queue.
    pub(crate) fn new(id: QueueId, attributes: QueueAttributes, now: Millis) -> Self {
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

    /// What tells this queue from every other.
    pub(crate) fn id(&self) -> QueueId {
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

    /// Replaces the attributes. Messages already in the queue keep the times they were given.
    pub(crate) fn set_attributes(&mut self, attributes: QueueAttributes, now: Millis) {
        self.attributes = attributes;
        self.modified = now;
    }

    /// Puts a message in.
    pub(crate) fn send(&mut self, draft: Draft, now: Millis) -> Held {
        let delay_seconds = draft.delay_seconds.unwrap_or(self.attributes.delay_seconds);
        let delivery = Delivery {
            visible_at: now.plus_seconds(delay_seconds),
            first_dequeued: now,
            dequeue_count: 0,
            generation: 0,
        };
        let Draft { body, priority, extras, .. } = draft;
        let message = Message { body, extras, enqueued: now, priority, delivery };
        let sequence = self.next_sequence;
        self.insert(sequence, message.clone(), now);
        self.held(sequence, message)
    }

    /// Takes up to `most` of the visible messages, the most urgent and longest visible first.
    pub(crate) fn receive(&mut self, most: usize, then: AfterReceive, now: Millis) -> Vec<Held> {
        self.advance(now);
        let taken: Vec<_> = self.visible.iter().take(most).map(|(_, _, sequence)| *sequence).collect();
        let hidden_until = now.plus_seconds(self.attributes.visibility_timeout_seconds);
        let deliver = |sequence| {
            let visible_at = match then {
                AfterReceive::Hide => hidden_until,
                AfterReceive::StayVisible => now,
            };
            self.deliver(sequence, visible_at, now)
        };
        taken.into_iter().filter_map(deliver).collect()
    }

    /// Shows up to `most` of the visible messages and changes nothing about them.
    pub(crate) fn peek(&mut self, most: usize, now: Millis) -> Vec<Held> {
        self.advance(now);
        let seen = self.visible.iter().take(most);
        seen.filter_map(|(_, _, sequence)| {
            let message = self.messages.get(sequence)?;
            Some(self.held(*sequence, message.clone()))
        })
        .collect()
    }

    /// Removes the message whose delivery `handle` names.
    pub(crate) fn delete(&mut self, handle: ReceiptHandle, now: Millis) -> Result<(), Stale> {
        self.claim(handle, now)?;
        self.remove(handle.sequence);
        Ok(())
    }

    /// Hides a message for so long from now on, and gives it a new handle. The old one is dead.
    pub(crate) fn change_visibility(
        &mut self,
        handle: ReceiptHandle,
        timeout_seconds: u32,
        now: Millis,
    ) -> Result<Held, Stale> {
        let message = self.claim(handle, now)?;
        let delivery = Delivery {
            visible_at: now.plus_seconds(timeout_seconds),
            generation: message.delivery.generation.wrapping_add(1),
            ..message.delivery
        };
        self.set_delivery(handle.sequence, delivery, now).ok_or(Stale::Expired)
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

    /// Whether anything can be received without waiting.
    pub(crate) fn has_visible(&self) -> bool {
        !self.visible.is_empty()
    }

    /// When the next hidden message becomes visible.
    pub(crate) fn next_visible(&self) -> Option<Millis> {
        self.hidden.first().map(|(visible_at, _)| *visible_at)
    }

    /// Puts a message back as it was before a restart.
    pub(crate) fn restore(&mut self, sequence: Sequence, message: Message) {
        self.remove(sequence);
        self.insert(sequence, message, Millis::default());
    }

    /// Brings the delivery of a message to where it was before a restart.
    pub(crate) fn restore_delivery(&mut self, sequence: Sequence, delivery: Delivery) {
        self.set_delivery(sequence, delivery, Millis::default());
    }

    /// Forgets a message that was deleted before a restart.
    pub(crate) fn restore_deletion(&mut self, sequence: Sequence) {
        self.remove(sequence);
    }

    /// Gives back the times a queue had before a restart.
    pub(crate) fn restore_times(&mut self, created: Millis, modified: Millis) {
        (self.created, self.modified) = (created, modified);
    }

    /// Never hands out a sequence number below `next`.
    pub(crate) fn restore_sequence(&mut self, next: Sequence) {
        self.next_sequence = self.next_sequence.max(next);
    }

    /// The number that the next message will get.
    pub(crate) fn next_sequence(&self) -> Sequence {
        self.next_sequence
    }

    /// Everything in the queue, in the order it was sent.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (Sequence, &Message)> {
        self.messages.iter().map(|(sequence, message)| (*sequence, message))
    }

    /// Lets time do its work: the retention period ends, hidden messages become visible.
    pub(crate) fn advance(&mut self, now: Millis) {
        self.expire(now);
        while let Some(&(visible_at, sequence)) = self.hidden.first() {
            if visible_at > now {
                break;
            }
            self.unlist(sequence);
            self.list_visible(sequence);
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

    /// The message a handle gives power over. Power ends when the message is visible again.
    fn claim(&mut self, handle: ReceiptHandle, now: Millis) -> Result<&Message, Stale> {
        self.advance(now);
        if handle.queue != self.id || handle.sequence >= self.next_sequence {
            return Err(Stale::Foreign);
        }
        let message = self.messages.get(&handle.sequence).ok_or(Stale::Expired)?;
        let current = message.delivery.generation == handle.generation
            && self.hidden.contains(&(message.delivery.visible_at, handle.sequence));
        if current { Ok(message) } else { Err(Stale::Expired) }
    }

    fn deliver(&mut self, sequence: Sequence, visible_at: Millis, now: Millis) -> Option<Held> {
        let Delivery { first_dequeued, dequeue_count, generation, .. } =
            self.messages.get(&sequence)?.delivery;
        let delivery = Delivery {
            visible_at,
            first_dequeued: if dequeue_count == 0 { now } else { first_dequeued },
            dequeue_count: dequeue_count.saturating_add(1),
            generation: generation.wrapping_add(1),
        };
        self.set_delivery(sequence, delivery, now)
    }

    fn set_delivery(&mut self, sequence: Sequence, delivery: Delivery, now: Millis) -> Option<Held> {
        self.unlist(sequence);
        let message = self.messages.get_mut(&sequence)?;
        message.delivery = delivery;
        let message = message.clone();
        self.list(sequence, now);
        Some(self.held(sequence, message))
    }

    fn insert(&mut self, sequence: Sequence, message: Message, now: Millis) {
        self.next_sequence = self.next_sequence.max(sequence + 1);
        self.messages.insert(sequence, message);
        self.list(sequence, now);
    }

    fn remove(&mut self, sequence: Sequence) {
        self.unlist(sequence);
        self.messages.remove(&sequence);
    }

    /// Enters a message where its delivery says it belongs at the time `now`.
    fn list(&mut self, sequence: Sequence, now: Millis) {
        let Some(message) = self.messages.get(&sequence) else { return };
        let Delivery { visible_at, dequeue_count, .. } = message.delivery;
        if visible_at > now {
            self.hidden.insert((visible_at, sequence));
            self.delayed += usize::from(dequeue_count == 0);
        } else {
            self.list_visible(sequence);
        }
    }

    fn list_visible(&mut self, sequence: Sequence) {
        if let Some(message) = self.messages.get(&sequence) {
            self.visible.insert((message.priority, message.delivery.visible_at, sequence));
        }
    }

    /// Takes a message out of both orders, before anything that decides its place changes.
    fn unlist(&mut self, sequence: Sequence) {
        let Some(message) = self.messages.get(&sequence) else { return };
        let Delivery { visible_at, dequeue_count, .. } = message.delivery;
        if self.hidden.remove(&(visible_at, sequence)) {
            self.delayed -= usize::from(dequeue_count == 0);
        } else {
            self.visible.remove(&(message.priority, visible_at, sequence));
        }
    }

    fn held(&self, sequence: Sequence, message: Message) -> Held {
        Held { queue: self.id, sequence, message }
    }
}

#[cfg(test)]
mod tests;
