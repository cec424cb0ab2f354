//! Room for messages of many events.
//!
//! A message of 64 KiB may hold a thousand events, and each of them takes some kilobytes once
//! it is ready to be sent: a queue full of such messages would take more memory than all else.
//! Ordinary messages pass without asking.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Up to so many events a message is an ordinary one. Deleting several objects at once, or
/// uploading them in parts, makes few more.
const FEW: usize = 16;
/// Events of the other messages that are held at one time: some 10 MB. No message has more.
const MOST: usize = 4 * oss::event::MAX_EVENTS;

/// The room there is. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Crowd(Arc<Semaphore>);

impl Default for Crowd {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

impl Crowd {
    /// Whether a message of so many events has to ask.
    pub(crate) fn concerns(events: usize) -> bool {
        events > FEW
    }

    /// Waits for room for the events of one message. `None` never happens: the semaphore is
    /// not closed.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the line.
    pub(crate) async fn room(&self, events: usize) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(events.min(MOST)).unwrap_or(u32::MAX);
        self.0.clone().acquire_many_owned(permits).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn large_messages_wait_for_each_other() {
        let crowd = Crowd::default();
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(crowd.room(oss::event::MAX_EVENTS).await);
        }
        let fifth = tokio::spawn({
            let crowd = crowd.clone();
            async move { crowd.room(17).await }
        });
        tokio::task::yield_now().await;
        assert!(!fifth.is_finished(), "there is room for 4,000 events");
        held.pop();
        assert!(fifth.await.unwrap().is_some());
    }

    #[test]
    fn ordinary_messages_do_not_ask() {
        assert!(!Crowd::concerns(16) && Crowd::concerns(17));
    }
}
