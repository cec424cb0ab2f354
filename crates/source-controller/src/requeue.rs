//! When to reconcile a source again: with a backoff while it fails, at regular times otherwise.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use transport::{Backoff, Disposition, jittered};

/// The maximum pause after a failure.
const MAX_PAUSE: Duration = Duration::from_mins(5);
/// The pauses after failures in a row.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(2), MAX_PAUSE);
/// See [`Requeue::Soon`].
const SOON: Duration = Duration::from_mins(1);

/// When to reconcile a source again, unless a watch triggers that before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeue {
    /// At the regular time: nothing failed that could succeed later.
    Regular,
    /// Before that: the source waits for something that cannot be watched reliably.
    Soon,
    /// After a pause that grows, and is at least as long as the server requested.
    Backoff(Option<Duration>),
}

/// Counts failures in a row, by uid of the source.
#[derive(Debug)]
pub struct RequeuePolicy {
    resync: Duration,
    failures: Mutex<HashMap<String, u32>>,
}

impl From<Disposition> for Requeue {
    /// A permanent failure is retried at the regular time, or when the source changes.
    fn from(disposition: Disposition) -> Self {
        match disposition {
            Disposition::Permanent => Self::Regular,
            Disposition::Retry => Self::Backoff(None),
            Disposition::RetryAfter(pause) => Self::Backoff(Some(pause)),
        }
    }
}

impl RequeuePolicy {
    /// Reconciles every source once per `resync`, because MNS sends no notification of changes.
    #[must_use]
    pub fn new(resync: Duration) -> Self {
        Self {
            resync,
            failures: Mutex::default(),
        }
    }

    pub(crate) fn resync(&self) -> Duration {
        self.resync
    }

    /// The pause until a source is reconciled again, with a jitter of a tenth, so that sources are
    /// not all reconciled at once.
    pub fn pause(&self, uid: &str, requeue: Requeue) -> Duration {
        match requeue {
            Requeue::Regular => {
                self.forget(uid);
                around(self.resync)
            }
            Requeue::Soon => {
                self.forget(uid);
                around(SOON.min(self.resync))
            }
            Requeue::Backoff(requested) => {
                let mut failures = self.failures.lock();
                let count = failures.entry(uid.to_owned()).or_default();
                *count = count.saturating_add(1);
                around(BACKOFF.after(*count)).max(requested.unwrap_or_default().min(MAX_PAUSE))
            }
        }
    }

    pub(crate) fn forget(&self, uid: &str) {
        self.failures.lock().remove(uid);
    }
}

fn around(duration: Duration) -> Duration {
    jittered(duration, 0.9..=1.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Requeue = Requeue::Backoff(None);

    #[test]
    fn pauses_double_up_to_the_maximum_and_start_over() {
        let policy = RequeuePolicy::new(Duration::from_mins(10));
        let seconds = |uid, requeue| policy.pause(uid, requeue).as_secs_f64();
        for expected in [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0] {
            let pause = seconds("a", FAILED);
            assert!(
                (pause / expected - 1.0).abs() <= 0.1,
                "{pause} for {expected}"
            );
        }
        assert!(seconds("b", FAILED) < 3.0, "another source");
        let regular = seconds("a", Requeue::Regular);
        assert!((540.0..=660.0).contains(&regular), "{regular}");
        assert!(seconds("a", FAILED) < 3.0, "after a success");
    }

    #[test]
    fn requested_pause_is_honoured_within_bounds() {
        let policy = RequeuePolicy::new(Duration::from_mins(10));
        let asked = |pause| policy.pause("a", Requeue::Backoff(Some(pause)));
        assert_eq!(asked(Duration::from_mins(1)), Duration::from_mins(1));
        assert_eq!(asked(Duration::from_hours(1)), MAX_PAUSE);
    }

    #[test]
    fn soon_is_never_later_than_the_regular_time() {
        let policy = RequeuePolicy::new(Duration::from_secs(1));
        assert!(policy.pause("a", Requeue::Soon) < Duration::from_secs(2));
    }
}
