//! How often a call is attempted, and the pauses between the attempts.

use std::time::Duration;

use crate::backoff::{Backoff, jittered};

/// How many attempts a call gets and how the pauses between them grow.
///
/// There is always at least one attempt, and the first delay is never above the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    backoff: Backoff,
}

impl RetryPolicy {
    /// At most `attempts` attempts (none is taken as one). The pause before the second is at
    /// most `first_delay`, the bound doubles each time and stops at `max_delay`.
    #[must_use]
    pub fn new(attempts: u32, first_delay: Duration, max_delay: Duration) -> Self {
        Self {
            attempts: attempts.max(1),
            backoff: Backoff::new(first_delay.min(max_delay), max_delay),
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
            Some(wait) => (wait <= self.backoff.longest()).then_some(wait),
            None => Some(jittered(self.backoff.after(made), 0.0..=1.0)),
        }
    }
}

impl Default for RetryPolicy {
    /// Three attempts within about a second: long enough for a lost connection or a restart of
    /// one server, short enough that a caller with a queue behind it can decide for itself.
    fn default() -> Self {
        Self::new(3, Duration::from_millis(100), Duration::from_secs(2))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

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
