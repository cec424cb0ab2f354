//! The budget for the events of messages that have many.
//!
//! A message of 64 KiB may hold a thousand events, and each of them takes some kilobytes once
//! it is ready to be sent: a queue full of such messages would take more memory than all else.
//! Ordinary messages need no permit.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Up to so many events a message is an ordinary one. Deleting several objects at once, or
/// uploading them in parts, makes few more.
const FEW: usize = 16;
/// Events of the other messages that are held at one time: some 10 MB. No message has more.
const MAX_PERMITS: usize = 4 * oss::event::MAX_EVENTS;

/// Permits for events. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct EventBudget(Arc<Semaphore>);

impl Default for EventBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_PERMITS)))
    }
}

impl EventBudget {
    /// Whether a message of so many events needs permits.
    pub(crate) fn is_needed(events: usize) -> bool {
        events > FEW
    }

    /// Waits for permits for the events of one message. `None` never happens: the semaphore is
    /// not closed.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the line.
    pub(crate) async fn acquire(&self, events: usize) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(events.min(MAX_PERMITS)).unwrap_or(u32::MAX);
        self.0.clone().acquire_many_owned(permits).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn large_messages_wait_for_each_other() {
        let budget = EventBudget::default();
        let mut permits = Vec::new();
        for _ in 0..4 {
            permits.push(budget.acquire(oss::event::MAX_EVENTS).await);
        }
        let fifth = tokio::spawn({
            let budget = budget.clone();
            async move { budget.acquire(17).await }
        });
        tokio::task::yield_now().await;
        assert!(!fifth.is_finished(), "there are permits for 4,000 events");
        permits.pop();
        assert!(fifth.await.unwrap().is_some());
    }

    #[test]
    fn ordinary_messages_need_no_permit() {
        assert!(!EventBudget::is_needed(16) && EventBudget::is_needed(17));
    }
}
