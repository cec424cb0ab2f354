//! How often something may happen.

use std::time::Instant;

use parking_lot::Mutex;

/// A token bucket.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    burst: f64,
    per_second: f64,
    state: Mutex<(f64, Instant)>,
}

impl RateLimiter {
    /// Allows `burst` at once, and `per_second` in the long run.
    pub(crate) fn new(burst: u32, per_second: f64) -> Self {
        Self {
            burst: burst.into(),
            per_second,
            state: Mutex::new((burst.into(), Instant::now())),
        }
    }

    /// Takes `count` at once, or says after how many seconds to come again.
    pub(crate) fn try_acquire(&self, count: u32, now: Instant) -> Result<(), u64> {
        let count = f64::from(count);
        let mut state = self.state.lock();
        let (left, since) = *state;
        let elapsed = now.saturating_duration_since(since).as_secs_f64();
        let left = (left + elapsed * self.per_second).min(self.burst);
        *state = (left, now.max(since));
        if left < count {
            let missing = std::time::Duration::from_secs_f64((count - left) / self.per_second);
            return Err(missing.as_secs() + 1);
        }
        state.0 = left - count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_no_more_than_the_rate() {
        let limiter = RateLimiter::new(3, 0.5);
        let start = Instant::now();
        let take =
            |seconds, count| limiter.try_acquire(count, start + Duration::from_secs(seconds));
        assert_eq!(take(0, 2), Ok(()));
        assert_eq!(take(0, 1), Ok(()));
        assert_eq!(take(0, 1), Err(3));
        assert_eq!(take(2, 1), Ok(()));
        assert_eq!(take(2, 1), Err(3));
        assert_eq!(take(60, 3), Ok(()), "no more than the burst is saved");
        assert_eq!(take(60, 1), Err(3));
    }
}
