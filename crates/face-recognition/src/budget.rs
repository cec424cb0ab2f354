//! Memory to be had by asking for it first: photos wait until enough of it is free.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is handed out in pieces of this size, so that gigabytes fit the semaphore's count.
const PIECE_BYTES: u64 = 4096;

/// An amount of memory that all photos in work share. First come, first served.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pieces: Arc<Semaphore>,
    total: u32,
}

/// Memory granted; free again when dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Grant {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        let total = pieces(bytes);
        Self {
            pieces: Arc::new(Semaphore::new(total as usize)),
            total,
        }
    }

    /// Waits for `bytes`; for all there is when that is less.
    pub(crate) async fn ask(&self, bytes: u64) -> Grant {
        let count = pieces(bytes).min(self.total);
        // Nobody closes the semaphore.
        Grant {
            _permit: self.pieces.clone().acquire_many_owned(count).await.ok(),
        }
    }
}

fn pieces(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE_BYTES))
        .unwrap_or(u32::MAX / 8)
        .min(u32::MAX / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_for_too_much_waits_for_all_of_it() {
        let budget = Budget::new(10 * PIECE_BYTES);
        let first = budget.ask(9 * PIECE_BYTES).await;
        let second = tokio::spawn({
            let budget = budget.clone();
            async move { budget.ask(1 << 40).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        drop(second.await.unwrap());
        assert_eq!(budget.pieces.available_permits(), 10);
    }
}
