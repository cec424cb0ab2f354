//! How many messages, and how many bytes of them, may be held at one time.
//!
//! Permits are acquired before messages are received: for as many as a receive may bring, each as
//! large as messages have been of late, and as large as MNS allows before the first of them. What
//! turns out not to be needed is given back at once. So a slow sink stops the polling, and no
//! backlog can make the process grow. Messages that are suddenly larger are held beyond the
//! permits, once for each receive that was under way: the next ones know.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mns::BatchSize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::{MAX_BATCH, MAX_MESSAGE_BYTES};

/// Bytes are counted in units, because permits are counted in 32 bits.
const UNIT_BYTES: usize = 1024;

/// Permits for messages and for their bytes. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    messages: Arc<Semaphore>,
    units: Arc<Semaphore>,
    batch: BatchSize,
    /// What the largest message of the next receive is taken for.
    expected_bytes: Arc<AtomicUsize>,
}

/// The permit for one receive.
#[derive(Debug)]
pub(crate) struct ReceivePermit {
    messages: OwnedSemaphorePermit,
    units: OwnedSemaphorePermit,
}

/// The permit for one message, given back when dropped.
#[derive(Debug)]
pub(crate) struct MessagePermit {
    _message: Option<OwnedSemaphorePermit>,
    _units: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(crate) fn new(in_flight: usize, in_flight_bytes: usize) -> Self {
        let batch = u32::try_from(in_flight.min(MAX_BATCH)).unwrap_or_default();
        Self {
            messages: Arc::new(Semaphore::new(in_flight)),
            units: Arc::new(Semaphore::new(in_flight_bytes / UNIT_BYTES)),
            batch: BatchSize::try_new(batch).unwrap_or(BatchSize::MIN),
            expected_bytes: Arc::new(AtomicUsize::new(MAX_MESSAGE_BYTES)),
        }
    }

    /// How many messages one receive may ask for.
    pub(crate) fn batch(&self) -> BatchSize {
        self.batch
    }

    /// Waits until there are permits for one receive. `None` never happens: the semaphores
    /// are not closed.
    ///
    /// # Cancel safety
    /// Dropping the future gives back what it had.
    pub(crate) async fn acquire(&self) -> Option<ReceivePermit> {
        let batch = self.batch.get();
        let messages = self.messages.clone().acquire_many_owned(batch).await.ok()?;
        let units = self
            .units
            .clone()
            .acquire_many_owned(batch * units(self.expected_bytes.load(Ordering::Relaxed)));
        Some(ReceivePermit {
            messages,
            units: units.await.ok()?,
        })
    }

    /// Takes note of the largest message that a receive brought.
    pub(crate) fn received(&self, largest_bytes: usize) {
        // Growing at once and shrinking slowly, as too much only costs some receives.
        let slowly = self.expected_bytes.load(Ordering::Relaxed) / 8 * 7;
        let expected = slowly.max(2 * largest_bytes).min(MAX_MESSAGE_BYTES);
        self.expected_bytes.store(expected, Ordering::Relaxed);
    }
}

impl ReceivePermit {
    /// The part of it that a message of this size takes.
    pub(crate) fn split(&mut self, size_bytes: usize) -> MessagePermit {
        let wanted = units(size_bytes) as usize;
        let units = self.units.split(wanted.min(self.units.num_permits()));
        MessagePermit {
            _message: self.messages.split(1),
            _units: units,
        }
    }
}

fn units(size_bytes: usize) -> u32 {
    u32::try_from(size_bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// A permit, if there is one without waiting.
    fn acquire_now(budget: &Budget) -> Option<ReceivePermit> {
        match pin!(budget.acquire()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(permit) => permit,
            Poll::Pending => None,
        }
    }

    #[test]
    fn messages_are_bounded_by_count() {
        let budget = Budget::new(20, 1 << 30);
        let mut permit = acquire_now(&budget).unwrap();
        assert!(acquire_now(&budget).is_none(), "4 are left, 16 are needed");
        let held: Vec<_> = (0..4).map(|_| permit.split(100)).collect();
        drop(permit);
        assert!(acquire_now(&budget).is_some(), "12 of 16 were not needed");
        let _more = acquire_now(&budget).unwrap();
        assert!(acquire_now(&budget).is_none());
        drop(held);
    }

    #[test]
    fn messages_are_bounded_by_bytes() {
        let budget = Budget::new(1000, 2 * MAX_BATCH * MAX_MESSAGE_BYTES);
        let mut permit = acquire_now(&budget).unwrap();
        let held: Vec<_> = (0..16).map(|_| permit.split(MAX_MESSAGE_BYTES)).collect();
        drop(permit);
        let second = acquire_now(&budget).unwrap();
        assert!(
            acquire_now(&budget).is_none(),
            "16 large messages and a receive fill it"
        );
        drop((held, second));
        assert!(acquire_now(&budget).is_some());
    }

    #[test]
    fn small_messages_take_little_room_once_they_are_known() {
        let budget = Budget::new(1000, 2 * MAX_BATCH * MAX_MESSAGE_BYTES);
        let receives = || {
            let permits = std::iter::from_fn(|| acquire_now(&budget));
            permits.take(60).collect::<Vec<_>>().len()
        };
        assert_eq!(receives(), 2, "each may bring the largest messages");
        for _ in 0..40 {
            budget.received(1000);
        }
        assert_eq!(receives(), 60);
        budget.received(MAX_MESSAGE_BYTES);
        assert_eq!(receives(), 2);
    }

    #[test]
    fn few_messages_at_a_time_make_small_batches() {
        assert_eq!(Budget::new(3, 1 << 30).batch().get(), 3);
        assert_eq!(Budget::new(128, 1 << 30).batch().get(), 16);
    }
}
