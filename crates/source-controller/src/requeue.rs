//! When to look at a source again: later and later while it fails, now and then otherwise.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use transport::{Backoff, jittered};

/// The longest pause after a failure.
const LONGEST: Duration = Duration::from_mins(5);
/// The pauses after failures in a row.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(2), LONGEST);
/// For a change that may show late: see [`Pace::soon`].
const SOON: Duration = Duration::from_mins(1);

/// Counts failures in a row, by uid of the source.
#[derive(Debug)]
pub struct Pace {
    resync: Duration,
    failures: Mutex<HashMap<String, u32>>,
}

impl Pace {
    /// Looks every `resync` at what MNS does not tell.
    #[must_use]
    pub fn new(resync: Duration) -> Self {
        Self {
            resync,
            failures: Mutex::default(),
        }
    }

    /// How often a source is looked at anyway.
    #[must_use]
    pub fn resync(&self) -> Duration {
        self.resync
    }

    /// Nothing failed that could succeed later: the pause until the regular look, which
    /// differs from source to source so that they do not all come at once.
    pub fn settled(&self, uid: &str) -> Duration {
        self.forget(uid);
        around(self.resync)
    }

    /// As [`settled`](Self::settled), for a source that waits for something which cannot be
    /// watched reliably.
    pub fn soon(&self, uid: &str) -> Duration {
        self.forget(uid);
        around(SOON.min(self.resync))
    }

    /// Something failed that may succeed later: the pause until the next try. `asked` is
    /// what the other side wants at least.
    pub fn failed(&self, uid: &str, asked: Option<Duration>) -> Duration {
        let mut failures = self.lock();
        let count = failures.entry(uid.to_owned()).or_default();
        *count = count.saturating_add(1);
        around(BACKOFF.after(*count)).max(asked.unwrap_or_default().min(LONGEST))
    }

    /// Forgets a source.
    pub fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Up to a tenth more or less.
fn around(duration: Duration) -> Duration {
    jittered(duration, 0.9..=1.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_start_over() {
        let pace = Pace::new(Duration::from_mins(10));
        let seconds = |pause: Duration| pause.as_secs_f64();
        for expected in [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0] {
            let pause = seconds(pace.failed("a", None));
            assert!(
                (pause / expected - 1.0).abs() <= 0.1,
                "{pause} for {expected}"
            );
        }
        assert!(seconds(pace.failed("b", None)) < 3.0, "another source");
        let regular = seconds(pace.settled("a"));
        assert!((540.0..=660.0).contains(&regular), "{regular}");
        assert!(seconds(pace.failed("a", None)) < 3.0, "after a success");
    }

    #[test]
    fn pause_that_is_asked_for_is_kept_within_bounds() {
        let pace = Pace::new(Duration::from_mins(10));
        let pause = pace.failed("a", Some(Duration::from_mins(1)));
        assert_eq!(pause, Duration::from_mins(1));
        let pause = pace.failed("a", Some(Duration::from_hours(1)));
        assert_eq!(pause, LONGEST);
    }

    #[test]
    fn looking_soon_is_never_later_than_the_regular_look() {
        let pace = Pace::new(Duration::from_secs(1));
        assert!(pace.soon("a") < Duration::from_secs(2));
    }
}
