//! How long to wait after failures: doubling bounds, and jitter.
//!
//! Pure arithmetic; the caller sleeps and counts the failures.

use std::ops::RangeInclusive;
use std::time::Duration;

use rand::Rng as _;

/// Waits that double with each failure in a row, from a first to a longest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// Waits `first` after the first failure and never more than `longest`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The wait after so many failures in a row, without jitter. None counts as one.
    #[must_use]
    pub fn after(self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.longest)
    }

    /// The longest wait.
    #[must_use]
    pub const fn longest(self) -> Duration {
        self.longest
    }
}

/// `wait` times a random factor from `spread`, so that clients that failed together do not come
/// back together: `0.0..=1.0` spreads them best ("full jitter"), `0.5..=1.0` keeps a least wait.
#[must_use]
pub fn jittered(wait: Duration, spread: RangeInclusive<f64>) -> Duration {
    let factor = rand::rng().random_range(spread);
    let drawn = Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(Duration::MAX);
    // A float that stands for a long wait may be a little above it.
    if factor <= 1.0 {
        drawn.min(wait)
    } else {
        drawn
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let waits: Vec<_> = (0..=6)
            .map(|failures| backoff.after(failures).as_millis())
            .collect();
        assert_eq!(waits, [100, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.after(u32::MAX), backoff.longest());
    }

    #[test]
    fn first_wait_is_never_above_the_longest() {
        let backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(1));
        assert_eq!(backoff.after(1), Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn jitter_stays_within_its_spread(millis in any::<u64>()) {
            let wait = Duration::from_millis(millis);
            prop_assert!(jittered(wait, 0.0..=1.0) <= wait);
            let half = jittered(wait, 0.5..=1.0).as_secs_f64() / wait.as_secs_f64().max(1e-9);
            prop_assert!(millis == 0 || (0.499..=1.0).contains(&half), "{half}");
            let around = jittered(wait, 0.9..=1.1).as_secs_f64() / wait.as_secs_f64().max(1e-9);
            prop_assert!(millis == 0 || (0.899..=1.101).contains(&around), "{around}");
        }
    }
}
