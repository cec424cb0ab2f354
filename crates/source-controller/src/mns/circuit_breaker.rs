//! A circuit breaker per endpoint, so that one that does not answer costs one deadline and not
//! one per source.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// How long the circuit of an endpoint that did not answer stays open. Then one call is let
/// through, and decides for the others. Longer than the deadline of a call.
const OPEN: Duration = Duration::from_secs(10);
/// When an endpoint is forgotten that is called no more.
const FORGOTTEN: Duration = Duration::from_hours(1);

/// The endpoints whose circuit is open, and since when. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CircuitBreaker(Arc<Mutex<HashMap<String, Instant>>>);

impl CircuitBreaker {
    /// The answer of `endpoint`; `None` if there is none in time, or the circuit is open.
    pub(super) async fn call<T>(
        &self,
        endpoint: &str,
        answer: impl Future<Output = Result<T, Elapsed>>,
    ) -> Option<T> {
        if self.is_open(endpoint) {
            return None;
        }
        let answer = answer.await.ok();
        if answer.is_some() {
            self.0.lock().remove(endpoint);
        } else {
            self.0.lock().insert(endpoint.to_owned(), Instant::now());
        }
        answer
    }

    /// Whether a call must not be made. The first one after [`OPEN`] is let through.
    fn is_open(&self, endpoint: &str) -> bool {
        let mut open = self.0.lock();
        open.retain(|_, since| since.elapsed() < FORGOTTEN);
        let Some(since) = open.get_mut(endpoint) else {
            return false;
        };
        let is_open = since.elapsed() < OPEN;
        if !is_open {
            *since = Instant::now();
        }
        is_open
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::{advance, timeout};

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn only_the_first_waits_and_after_a_while_the_next() {
        let breaker = CircuitBreaker::default();
        let (here, there) = ("http://silent.test", "http://well.test");
        let waited = async |endpoint| {
            let started = Instant::now();
            let answer = timeout(DEADLINE, pending::<()>());
            assert_eq!(breaker.call(endpoint, answer).await, None);
            started.elapsed()
        };
        assert_eq!(waited(here).await, DEADLINE);
        assert_eq!(waited(here).await, Duration::ZERO);
        let answer = breaker.call(there, timeout(DEADLINE, ready(1))).await;
        assert_eq!(answer, Some(1), "another endpoint");
        advance(OPEN).await;
        let both = tokio::join!(waited(here), waited(here));
        assert_eq!(both, (DEADLINE, Duration::ZERO), "one asks");
        advance(OPEN).await;
        let answer = breaker.call(here, timeout(DEADLINE, ready(1))).await;
        assert_eq!(answer, Some(1), "it is back");
        assert_eq!(waited(here).await, DEADLINE, "and may be silent again");
    }
}
