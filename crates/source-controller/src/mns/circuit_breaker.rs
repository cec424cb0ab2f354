//! A circuit breaker per endpoint, so that one that does not respond costs one deadline and not one
//! per source.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// How long the circuit of an endpoint that did not respond stays open. Then one call is made, and
/// decides for the others. Longer than the deadline of a call.
const OPEN: Duration = Duration::from_secs(10);
/// When an endpoint that is no longer called is forgotten.
const EXPIRY: Duration = Duration::from_hours(1);

/// The endpoints whose circuit is open, and since when. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CircuitBreaker(Arc<Mutex<HashMap<String, Instant>>>);

impl CircuitBreaker {
    /// The response of `endpoint`; `None` if there is none in time, or the circuit is open.
    pub(super) async fn call<T>(
        &self,
        endpoint: &str,
        response: impl Future<Output = Result<T, Elapsed>>,
    ) -> Option<T> {
        if self.is_open(endpoint) {
            return None;
        }
        let response = response.await.ok();
        if response.is_some() {
            self.0.lock().remove(endpoint);
        } else {
            self.0.lock().insert(endpoint.to_owned(), Instant::now());
        }
        response
    }

    /// Whether a call must not be made. The first one after [`OPEN`] is made.
    fn is_open(&self, endpoint: &str) -> bool {
        let mut open = self.0.lock();
        open.retain(|_, since| since.elapsed() < EXPIRY);
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
    async fn only_the_first_call_waits_until_the_circuit_closes() {
        let breaker = CircuitBreaker::default();
        let (here, there) = ("http://silent.test", "http://well.test");
        let waited = async |endpoint| {
            let started = Instant::now();
            let response = timeout(DEADLINE, pending::<()>());
            assert_eq!(breaker.call(endpoint, response).await, None);
            started.elapsed()
        };
        assert_eq!(waited(here).await, DEADLINE);
        assert_eq!(waited(here).await, Duration::ZERO);
        let response = breaker.call(there, timeout(DEADLINE, ready(1))).await;
        assert_eq!(response, Some(1), "another endpoint");
        advance(OPEN).await;
        let both = tokio::join!(waited(here), waited(here));
        assert_eq!(both, (DEADLINE, Duration::ZERO), "one call is made");
        advance(OPEN).await;
        let response = breaker.call(here, timeout(DEADLINE, ready(1))).await;
        assert_eq!(response, Some(1), "it responds again");
        assert_eq!(waited(here).await, DEADLINE, "and may fail again");
    }
}
