//! Looks host names up, for connections.
//!
//! The C library asks a name server that stays silent again after 2.5 or 5 seconds, and holds a
//! thread until then. So a name is asked for once more each second until somebody answers, and
//! all connections that wait for the same name wait together: with the name server back, they go on
//! within a second, and while it is gone a name has some ten threads, not some for each connection.
//! An answer is not kept.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// A name is asked for again after so long without an answer.
const AGAIN: Duration = Duration::from_secs(1);

type Addresses = Vec<SocketAddr>;
/// Shared by all who wait.
type Answer = Result<Addresses, Arc<io::Error>>;
type Lookup = fn(String) -> Pin<Box<dyn Future<Output = io::Result<Addresses>> + Send>>;

/// The names that are being looked up.
pub(crate) struct Names {
    lookup: Lookup,
    open: Mutex<HashMap<String, Arc<Question>>>,
}

/// A name that is asked for until the first answer.
struct Question {
    answer: watch::Sender<Option<Answer>>,
    last_asked: Mutex<Option<Instant>>,
}

impl Default for Names {
    fn default() -> Self {
        Self::by(|name| Box::pin(async move { Ok(lookup_host((name, 0)).await?.collect()) }))
    }
}

impl Names {
    fn by(lookup: Lookup) -> Self {
        Self {
            lookup,
            open: Mutex::default(),
        }
    }

    /// The addresses of a name, with port 0.
    ///
    /// # Errors
    /// What the system says when it cannot tell. Without any answer this takes as long as the
    /// system waits for one.
    ///
    /// # Cancel safety
    /// The lookup goes on for others who wait for it.
    pub(crate) async fn resolve(&self, name: &str) -> Answer {
        let question = self.question(name);
        let mut answer = question.answer.subscribe();
        loop {
            question.ask(self.lookup, name);
            let answered = answer.wait_for(Option::is_some);
            // The sender lives in `question`, so the channel cannot close meanwhile.
            if let Ok(Ok(answer)) = timeout(AGAIN, answered).await
                && let Some(answer) = answer.clone()
            {
                return answer;
            }
        }
    }

    /// The open question about a name, or a new one.
    fn question(&self, name: &str) -> Arc<Question> {
        let mut open = lock(&self.open);
        open.retain(|_, question| question.is_open());
        let question = open.entry(name.to_owned()).or_default();
        question.clone()
    }
}

impl Default for Question {
    fn default() -> Self {
        Self {
            answer: watch::Sender::new(None),
            last_asked: Mutex::default(),
        }
    }
}

impl Question {
    fn is_open(&self) -> bool {
        self.answer.borrow().is_none()
    }

    /// Asks, unless somebody did so less than a second ago.
    fn ask(self: &Arc<Self>, lookup: Lookup, name: &str) {
        let now = Instant::now();
        {
            let mut last = lock(&self.last_asked);
            if last.is_some_and(|last| now - last < AGAIN) {
                return;
            }
            *last = Some(now);
        }
        let (question, found) = (self.clone(), lookup(name.to_owned()));
        tokio::spawn(async move { question.answered(found.await, now) });
    }

    /// The first answer counts; a failure only if nobody has asked since.
    fn answered(&self, found: io::Result<Addresses>, asked: Instant) {
        if found.is_err() && *lock(&self.last_asked) != Some(asked) {
            return;
        }
        self.answer.send_if_modified(|answer| {
            let is_first = answer.is_none();
            if is_first {
                *answer = Some(found.map_err(Arc::new));
            }
            is_first
        });
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::sleep;

    use super::*;

    /// The system gives up after so long.
    const SYSTEM: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn silence_is_over_a_second_after_the_name_server_is_back() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let names = Names::by(|_| {
            Box::pin(async {
                if ASKED.fetch_add(1, Ordering::Relaxed) < 4 {
                    sleep(SYSTEM).await;
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Ok(vec![([192, 0, 2, 1], 0).into()])
            })
        });
        let started = Instant::now();
        let (one, other) = tokio::join!(names.resolve("a"), names.resolve("a"));
        assert_eq!(started.elapsed(), 4 * AGAIN);
        assert_eq!(ASKED.load(Ordering::Relaxed), 5, "for both of them");
        assert_eq!((one.unwrap().len(), other.unwrap().len()), (1, 1));
        names.resolve("a").await.unwrap();
        assert_eq!(ASKED.load(Ordering::Relaxed), 6, "no answer is kept");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_at_once_and_a_late_one_not_at_all() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let names = Names::by(|_| {
            Box::pin(async {
                if ASKED.fetch_add(1, Ordering::Relaxed) == 0 {
                    sleep(AGAIN + AGAIN / 2).await;
                    return Err(io::Error::other("late"));
                }
                sleep(AGAIN / 4 * 3).await;
                Err(io::Error::other("in time"))
            })
        });
        let started = Instant::now();
        let error = names.resolve("a").await.unwrap_err();
        assert_eq!(error.to_string(), "in time");
        assert_eq!(started.elapsed(), AGAIN + AGAIN / 4 * 3);
    }

    #[tokio::test]
    async fn this_machine_has_a_name() {
        let addresses = Names::default().resolve("localhost").await.unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
    }
}
