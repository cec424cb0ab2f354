//! Which events were delivered of messages that are still in the queue.
//!
//! A message stays in the queue when one of its events fails or its delete does. When it
//! comes back, what the sink has already taken is not sent again; nor is a message that
//! comes back while its delete is still under way. This is a courtesy to the sink and no
//! part of the guarantee: after a crash it is forgotten, and events come twice, with the
//! same ids.

use std::collections::{HashMap, HashSet, VecDeque};

use parking_lot::Mutex;

/// More messages than can be waiting for their next attempt without the operator
/// knowing; about 1 MB.
const MAX_MESSAGES: usize = 4096;

/// Which of a message's events need not be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// All of them; only the delete is missing.
    All,
    /// Those at these positions.
    Some(Vec<usize>),
}

impl Delivered {
    pub(crate) fn has(&self, index: usize) -> bool {
        match self {
            Self::All => true,
            Self::Some(indexes) => indexes.contains(&index),
        }
    }
}

/// The bounded memory of [`Delivered`], by message id.
#[derive(Debug, Default)]
pub(crate) struct DeliveredEvents(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    delivered: HashMap<String, Delivered>,
    /// Oldest first; may name messages that are gone.
    order: VecDeque<String>,
    /// Messages that are being deleted; bounded by the delete stage.
    deleting: HashSet<String>,
}

impl DeliveredEvents {
    /// Takes out what was delivered of a message.
    pub(crate) fn take(&self, message_id: &str) -> Delivered {
        let mut state = self.0.lock();
        if state.deleting.contains(message_id) {
            return Delivered::All;
        }
        // Nearly always, and then the id need not be hashed.
        if state.delivered.is_empty() {
            return Delivered::Some(Vec::new());
        }
        state
            .delivered
            .remove(message_id)
            .unwrap_or(Delivered::Some(Vec::new()))
    }

    /// The message is about to be deleted.
    pub(crate) fn delete_started(&self, message_id: String) {
        self.0.lock().deleting.insert(message_id);
    }

    /// The attempts to delete it are over.
    pub(crate) fn delete_finished<'a>(&self, message_ids: impl Iterator<Item = &'a str>) {
        let mut state = self.0.lock();
        for message_id in message_ids {
            state.deleting.remove(message_id);
        }
    }

    /// Remembers it until the message comes back, or too many others have come since.
    pub(crate) fn keep(&self, message_id: &str, delivered: Delivered) {
        if delivered == Delivered::Some(Vec::new()) {
            return;
        }
        let mut state = self.0.lock();
        if state.order.len() >= MAX_MESSAGES
            && let Some(oldest) = state.order.pop_front()
        {
            state.delivered.remove(&oldest);
        }
        state.order.push_back(message_id.to_owned());
        state.delivered.insert(message_id.to_owned(), delivered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_delivered_is_known_once() {
        let delivered_events = DeliveredEvents::default();
        delivered_events.keep("m", Delivered::Some(vec![0, 2]));
        let known = delivered_events.take("m");
        let sent_again: Vec<_> = (0..4).filter(|index| !known.has(*index)).collect();
        assert_eq!(sent_again, [1, 3]);
        assert_eq!(delivered_events.take("m"), Delivered::Some(Vec::new()));
    }

    #[test]
    fn message_on_its_way_out_is_not_sent_again() {
        let delivered_events = DeliveredEvents::default();
        delivered_events.delete_started("m".to_owned());
        assert_eq!(delivered_events.take("m"), Delivered::All);
        assert_eq!(
            delivered_events.take("m"),
            Delivered::All,
            "however often it comes"
        );
        delivered_events.delete_finished(["m"].into_iter());
        assert_eq!(delivered_events.take("m"), Delivered::Some(Vec::new()));
    }

    #[test]
    fn memory_is_bounded() {
        let delivered_events = DeliveredEvents::default();
        for number in 0..2 * MAX_MESSAGES {
            delivered_events.keep(&number.to_string(), Delivered::All);
        }
        let state = delivered_events.0.lock();
        assert_eq!(
            (state.order.len(), state.delivered.len()),
            (MAX_MESSAGES, MAX_MESSAGES)
        );
        drop(state);
        assert_eq!(delivered_events.take("0"), Delivered::Some(Vec::new()));
        assert!(
            delivered_events
                .take(&(2 * MAX_MESSAGES - 1).to_string())
                .has(7)
        );
    }
}
