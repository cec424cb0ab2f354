//! Memory that must be granted before it is used: photos wait until enough is free.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is handed out in units of this size, so that gigabytes fit the semaphore's count.
const UNIT_BYTES: u64 = 4096;

/// An amount of memory that all photos in progress share. First come, first served.
#[derive(Debug, Clone)]
pub(crate) struct MemoryBudget {
    units: Arc<Semaphore>,
    total: u32,
}

/// Memory granted; free again when dropped.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct MemoryPermit {
    permit: Option<OwnedSemaphorePermit>,
}

impl MemoryBudget {
    pub(crate) fn new(bytes: u64) -> Self {
        let total = units(bytes);
        Self {
            units: Arc::new(Semaphore::new(total as usize)),
            total,
        }
    }

    /// Waits for `bytes`; for all there is when that is less.
    pub(crate) async fn acquire(&self, bytes: u64) -> MemoryPermit {
        let count = units(bytes).min(self.total);
        // The semaphore is never closed.
        MemoryPermit {
            permit: self.units.clone().acquire_many_owned(count).await.ok(),
        }
    }

    /// Makes `permit` one for `bytes` if it is smaller, without waiting; says whether there was
    /// enough.
    pub(crate) fn grow(&self, permit: &mut MemoryPermit, bytes: u64) -> bool {
        let held = permit
            .permit
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = units(bytes).saturating_sub(u32::try_from(held).unwrap_or(u32::MAX));
        let Ok(more) = self.units.clone().try_acquire_many_owned(missing) else {
            return false;
        };
        match &mut permit.permit {
            Some(permit) => permit.merge(more),
            None => permit.permit = Some(more),
        }
        true
    }
}

impl MemoryPermit {
    /// Gives back what exceeds `bytes`.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        let Some(permit) = &mut self.permit else {
            return;
        };
        let surplus = permit.num_permits().saturating_sub(units(bytes) as usize);
        drop(permit.split(surplus));
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES))
        .unwrap_or(u32::MAX / 8)
        .min(u32::MAX / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_for_more_than_all_memory_waits_for_all_of_it() {
        let budget = MemoryBudget::new(10 * UNIT_BYTES);
        let first = budget.acquire(9 * UNIT_BYTES).await;
        let second = tokio::spawn({
            let budget = budget.clone();
            async move { budget.acquire(1 << 40).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        drop(second.await.unwrap());
        assert_eq!(budget.units.available_permits(), 10);
    }

    #[test]
    fn grants_grow_as_far_as_there_is_memory_and_shrink() {
        let budget = MemoryBudget::new(10 * UNIT_BYTES);
        let left = || budget.units.available_permits();
        let mut permit = MemoryPermit::default();
        for (bytes, enough, expected) in [
            (1, true, 9),
            (UNIT_BYTES, true, 9),
            (UNIT_BYTES + 1, true, 8),
            (10 * UNIT_BYTES, true, 0),
            (10 * UNIT_BYTES + 1, false, 0),
        ] {
            assert_eq!(budget.grow(&mut permit, bytes), enough, "{bytes}");
            assert_eq!(left(), expected, "{bytes}");
        }
        permit.shrink(2 * UNIT_BYTES + 1);
        assert_eq!(left(), 7);
        permit.shrink(9 * UNIT_BYTES);
        assert_eq!(left(), 7, "it never grows by shrinking");
        drop(permit);
        assert_eq!(left(), 10);
    }
}
