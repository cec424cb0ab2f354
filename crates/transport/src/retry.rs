//! How often and how long to wait: jittered exponential backoff with bounds.
//!
//! Pure arithmetic; the sleeping is done by the sender. Delays are drawn from the whole range
//! up to the current bound ("full jitter"), so that many clients that failed together do not
//! come back together.

use std::time::Duration;

use rand::Rng;

/// How many attempts a call gets and how the pauses between them grow.
///
/// The value cannot hold nonsense: at least one attempt, and no first delay above the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    first_delay: Duration,
    max_delay: Duration,
}

impl RetryPolicy {
    /// At most `attempts` attempts (none is taken as one). The pause before the second is at
    /// most `first_delay`, the bound doubles each time and stops at `max_delay`.
    #[must_use]
    pub fn new(attempts: u32, first_delay: Duration, max_delay: Duration) -> Self {
        Self {
            attempts: attempts.max(1),
            first_delay: first_delay.min(max_delay),
            max_delay,
        }
    }

    /// One attempt, for callers that do their own waiting.
    #[must_use]
    pub fn none() -> Self {
        Self::new(1, Duration::ZERO, Duration::ZERO)
    }

    /// The pause before the attempt that follows `made` attempts; `None` when they are spent.
    ///
    /// A wait that the service `asked` for replaces the drawn one. When it asked for more
    /// than the policy's largest delay the call is given up at once: coming back sooner
    /// than told would only be refused again.
    pub(crate) fn pause(&self, made: u32, asked: Option<Duration>) -> Option<Duration> {
        if made >= self.attempts {
            return None;
        }
        match asked {
            Some(wait) => (wait <= self.max_delay).then_some(wait),
            None => Some(jittered(self.bound(made))),
        }
    }

    /// The longest pause after `made` attempts.
    fn bound(&self, made: u32) -> Duration {
        let factor = 2_u32.saturating_pow(made.saturating_sub(1));
        self.first_delay.saturating_mul(factor).min(self.max_delay)
    }
}

impl Default for RetryPolicy {
    /// Three attempts within about a second: long enough for a lost connection or a restart of
    /// one server, short enough that a caller with a queue behind it can decide for itself.
    fn default() -> Self {
        Self::new(3, Duration::from_millis(100), Duration::from_secs(2))
    }
}

fn jittered(bound: Duration) -> Duration {
    let bound_nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(rand::rng().random_range(0..=bound_nanos))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn bounds_double_up_to_the_largest() {
        let policy = RetryPolicy::new(9, MS(100), MS(1000));
        let bounds: Vec<_> = (1..=6).map(|made| policy.bound(made).as_millis()).collect();
        assert_eq!(bounds, [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn attempts_are_counted_from_the_first() {
        let policy = RetryPolicy::new(3, MS(1), MS(1));
        let made: Vec<_> = (1..=4)
            .map(|made| policy.pause(made, None).is_some())
            .collect();
        assert_eq!(made, [true, true, false, false]);
        assert_eq!(RetryPolicy::none().pause(1, None), None);
        assert_eq!(
            RetryPolicy::new(0, MS(1), MS(1)),
            RetryPolicy::new(1, MS(1), MS(1))
        );
    }

    #[test]
    fn asked_wait_is_honoured_within_bounds() {
        let policy = RetryPolicy::new(3, MS(100), MS(2000));
        assert_eq!(policy.pause(1, Some(MS(1500))), Some(MS(1500)));
        assert_eq!(policy.pause(1, Some(MS(2000))), Some(MS(2000)));
        assert_eq!(
            policy.pause(1, Some(MS(2001))),
            None,
            "longer than the policy allows"
        );
        assert_eq!(policy.pause(3, Some(MS(1))), None, "attempts are spent");
    }

    proptest! {
        #[test]
        fn pauses_never_exceed_the_largest_delay(
            attempts in any::<u32>(),
            first in any::<u64>(),
            max in any::<u64>(),
            made in any::<u32>(),
        ) {
            let policy = RetryPolicy::new(attempts, MS(first), MS(max));
            if let Some(pause) = policy.pause(made, None) {
                prop_assert!(pause <= MS(max));
            }
        }
    }
}
