//! Memory that must be granted before it is used: photos wait until enough is free.

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
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Grant {
    permit: Option<OwnedSemaphorePermit>,
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
            permit: self.pieces.clone().acquire_many_owned(count).await.ok(),
        }
    }

    /// Makes `grant` one for `bytes` if it is smaller, without waiting; says whether there was
    /// enough.
    pub(crate) fn grow(&self, grant: &mut Grant, bytes: u64) -> bool {
        let held = grant
            .permit
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = pieces(bytes).saturating_sub(u32::try_from(held).unwrap_or(u32::MAX));
        let Ok(more) = self.pieces.clone().try_acquire_many_owned(missing) else {
            return false;
        };
        match &mut grant.permit {
            Some(permit) => permit.merge(more),
            None => grant.permit = Some(more),
        }
        true
    }
}

impl Grant {
    /// Gives back what exceeds `bytes`.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        let Some(permit) = &mut self.permit else {
            return;
        };
        let surplus = permit.num_permits().saturating_sub(pieces(bytes) as usize);
        drop(permit.split(surplus));
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
    async fn a_request_for_more_than_all_memory_waits_for_all_of_it() {
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

    #[test]
    fn grants_grow_as_far_as_there_is_memory_and_shrink() {
        let budget = Budget::new(10 * PIECE_BYTES);
        let left = || budget.pieces.available_permits();
        let mut grant = Grant::default();
        for (bytes, enough, expected) in [
            (1, true, 9),
            (PIECE_BYTES, true, 9),
            (PIECE_BYTES + 1, true, 8),
            (10 * PIECE_BYTES, true, 0),
            (10 * PIECE_BYTES + 1, false, 0),
        ] {
            assert_eq!(budget.grow(&mut grant, bytes), enough, "{bytes}");
            assert_eq!(left(), expected, "{bytes}");
        }
        grant.shrink(2 * PIECE_BYTES + 1);
        assert_eq!(left(), 7);
        grant.shrink(9 * PIECE_BYTES);
        assert_eq!(left(), 7, "it never grows by shrinking");
        drop(grant);
        assert_eq!(left(), 10);
    }
}
