//! Endpoints that do not answer, so that waiting for one costs one deadline and not one per
//! source.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mns::Endpoint;
use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// For how long nobody asks an endpoint again that let somebody wait in vain; then one does,
/// and the others go by what becomes of it. Longer than the deadline of a call.
const PAUSE: Duration = Duration::from_secs(10);
/// When an endpoint is forgotten that nobody asks for any more.
const FORGOTTEN: Duration = Duration::from_hours(1);

/// Which endpoints were silent, and when. Cheap to clone; clones share the memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Silence(Arc<Mutex<HashMap<String, Instant>>>);

impl Silence {
    /// Waits for an answer of `endpoint`; `None` if there is none in time, or was none a
    /// moment ago.
    pub(super) async fn listen<T>(
        &self,
        endpoint: &Endpoint,
        answer: impl Future<Output = Result<T, Elapsed>>,
    ) -> Option<T> {
        let endpoint = endpoint.to_string();
        if self.is_pausing(&endpoint) {
            return None;
        }
        let answer = answer.await.ok();
        if answer.is_some() {
            self.lock().remove(&endpoint);
        } else {
            self.lock().insert(endpoint, Instant::now());
        }
        answer
    }

    /// Whether the others shall wait; whoever need not is the one to ask.
    fn is_pausing(&self, endpoint: &str) -> bool {
        let mut silent = self.lock();
        silent.retain(|_, since| since.elapsed() < FORGOTTEN);
        let Some(since) = silent.get_mut(endpoint) else {
            return false;
        };
        let is_pausing = since.elapsed() < PAUSE;
        if !is_pausing {
            *since = Instant::now();
        }
        is_pausing
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let silence = Silence::default();
        let here: Endpoint = "http://silent.test".parse().unwrap();
        let there: Endpoint = "http://well.test".parse().unwrap();
        let waited = async |endpoint| {
            let started = Instant::now();
            let answer = timeout(DEADLINE, pending::<()>());
            assert_eq!(silence.listen(endpoint, answer).await, None);
            started.elapsed()
        };
        assert_eq!(waited(&here).await, DEADLINE);
        assert_eq!(waited(&here).await, Duration::ZERO);
        let answer = silence.listen(&there, timeout(DEADLINE, ready(1))).await;
        assert_eq!(answer, Some(1), "another endpoint");
        advance(PAUSE).await;
        let both = tokio::join!(waited(&here), waited(&here));
        assert_eq!(both, (DEADLINE, Duration::ZERO), "one asks");
        advance(PAUSE).await;
        let answer = silence.listen(&here, timeout(DEADLINE, ready(1))).await;
        assert_eq!(answer, Some(1), "it is back");
        assert_eq!(waited(&here).await, DEADLINE, "and may be silent again");
    }
}
