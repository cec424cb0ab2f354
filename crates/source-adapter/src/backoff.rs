//! Waits after failures: of receives and deletes, and of deliveries while the sink is down.
//!
//! Pure arithmetic with jitter; the callers sleep.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use transport::{Backoff, Disposition, jittered};

const FIRST: Duration = Duration::from_millis(250);
/// Short enough to notice at once that the queue, or the sink, is back.
const LONGEST: Duration = Duration::from_millis(1500);
const BACKOFF: Backoff = Backoff::new(FIRST, LONGEST);
/// Between half and all of a wait, so that adapters do not move in step.
const SPREAD: RangeInclusive<f64> = 0.5..=1.0;
/// A permanent refusal (a wrong key, no such queue) lasts until an operator acts.
const PERMANENT: Duration = Duration::from_secs(5);
/// What a service may ask for and get.
const MAX_ASKED: Duration = Duration::from_secs(30);
/// As many failures in a row are no accident of single events.
const THROTTLE_AFTER: u32 = 16;

/// Grows with consecutive failures of the queue.
#[derive(Debug, Default)]
pub(crate) struct QueueBackoff {
    failures: u32,
}

impl QueueBackoff {
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure.
    pub(crate) fn next(&mut self, disposition: Disposition) -> Duration {
        self.failures = self.failures.saturating_add(1);
        match disposition {
            Disposition::RetryAfter(asked) => asked.clamp(FIRST, MAX_ASKED),
            Disposition::Retry => jittered(BACKOFF.after(self.failures), SPREAD),
            Disposition::Permanent => jittered(PERMANENT, SPREAD),
        }
    }
}

/// Slows the polling down while every delivery fails.
///
/// Without it a sink that is down for a minute would burn one attempt of every message
/// in the backlog.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    failures: AtomicU32,
}

impl Throttle {
    /// The sink works, even if it refused an event.
    pub(crate) fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// One more failure that the next event would meet too.
    pub(crate) fn failed(&self) {
        // Not beyond what `pause` can tell apart.
        let _ = self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |failures| {
                (failures < 64 * THROTTLE_AFTER).then_some(failures + 1)
            });
    }

    /// How long to wait before receiving more; none while the sink works.
    pub(crate) fn pause(&self) -> Option<Duration> {
        let rounds = self.failures.load(Ordering::Relaxed) / THROTTLE_AFTER;
        (rounds > 0).then(|| jittered(BACKOFF.after(rounds), SPREAD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_seconds() {
        let mut backoff = QueueBackoff::default();
        for bound_ms in [250, 500, 1000, 1500, 1500] {
            let wait = backoff.next(Disposition::Retry);
            let bound = Duration::from_millis(bound_ms);
            assert!(
                (bound / 2..=bound).contains(&wait),
                "{wait:?} for {bound:?}"
            );
        }
        backoff.reset();
        assert!(backoff.next(Disposition::Retry) <= FIRST);
    }

    #[test]
    fn service_may_name_the_wait_within_bounds() {
        let mut backoff = QueueBackoff::default();
        for (asked, expected) in [(0, FIRST), (3, Duration::from_secs(3)), (3600, MAX_ASKED)] {
            let asked = Duration::from_secs(asked);
            assert_eq!(backoff.next(Disposition::RetryAfter(asked)), expected);
        }
        assert!(backoff.next(Disposition::Permanent) >= PERMANENT / 2);
    }

    #[test]
    fn throttle_needs_many_failures_and_one_success() {
        let throttle = Throttle::default();
        for _ in 1..THROTTLE_AFTER {
            throttle.failed();
        }
        assert_eq!(throttle.pause(), None);
        throttle.failed();
        assert!(throttle.pause().is_some_and(|pause| pause <= FIRST));
        for _ in 0..100_000 {
            throttle.failed();
        }
        assert!(throttle.pause().is_some_and(|pause| pause <= LONGEST));
        throttle.succeeded();
        assert_eq!(throttle.pause(), None);
    }
}
