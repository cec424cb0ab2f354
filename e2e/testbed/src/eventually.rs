//! Waiting for a state that must come, and saying what was there instead.
//!
//! Nothing waits for a while: a state is polled until it is there, and the deadline only ends
//! what is broken.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// The shortest and the longest pause between two looks.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(500)];
/// Beyond what anything takes on a machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_mins(2);

/// The state at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<T> {
    /// It is what was waited for.
    Done(T),
    /// It is something else, in words.
    Pending(String),
}

impl Progress<()> {
    /// Done if `is_done`, else whatever `pending` says.
    pub fn of(is_done: bool, pending: impl FnOnce() -> String) -> Self {
        if is_done {
            Self::Done(())
        } else {
            Self::Pending(pending())
        }
    }
}

/// Waits until `is_true`.
///
/// # Panics
/// After two minutes, with `what` was waited for.
pub async fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_true() {
        let is_late = started.elapsed() >= DEADLINE;
        assert!(!is_late, "{what}: not within {DEADLINE:?}");
        pause(started).await;
    }
}

/// Looks until `look` finds what is waited for.
///
/// # Errors
/// The first error of `look`; after `deadline`, what was seen last.
pub async fn poll_until<T, F>(
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Progress<T>>>,
{
    let started = Instant::now();
    loop {
        let seen = match look().await? {
            Progress::Done(value) => return Ok(value),
            Progress::Pending(seen) => seen,
        };
        if started.elapsed() >= deadline {
            bail!("{what}: not within {deadline:?}; last seen: {seen}");
        }
        pause(started).await;
    }
}

/// A tenth of the time that has been waited: short waits end at once, long ones cost little.
async fn pause(started: Instant) {
    let [shortest, longest] = PAUSES;
    sleep((started.elapsed() / 10).clamp(shortest, longest)).await;
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_state_that_comes_is_returned_and_one_that_does_not_is_described() {
        let mut looks = 0;
        let third = poll_until("the third look", DEADLINE, || {
            looks += 1;
            ready(Ok(if looks == 3 {
                Progress::Done(looks)
            } else {
                Progress::Pending(String::new())
            }))
        });
        assert_eq!(third.await.unwrap(), 3);
        let never = poll_until("rain", Duration::from_secs(5), || async {
            Ok(Progress::of(false, || "sunshine".to_owned()))
        });
        assert_eq!(
            never.await.unwrap_err().to_string(),
            "rain: not within 5s; last seen: sunshine"
        );
    }

    #[tokio::test]
    async fn errors_end_the_wait() {
        let look = || async { bail!("no such thing") };
        let broken = poll_until::<(), _>("a fact", DEADLINE, look);
        assert_eq!(broken.await.unwrap_err().to_string(), "no such thing");
    }
}
