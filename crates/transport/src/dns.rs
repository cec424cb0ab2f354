//! Resolves host names, for connections.
//!
//! The C library repeats a query to a silent name server after 2.5 or 5 seconds, and holds a
//! thread until then. So each second another lookup of the name is started until one has a result, and
//! all connections that wait for the same name share them: with the name server back, they go on
//! within a second, and while it is gone a name has some ten threads, not some for each connection.
//! Results are not cached.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::lookup_host;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// Another lookup is started after so long without a result.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

type Addresses = Vec<SocketAddr>;
/// Shared by all connections that wait for it.
type LookupResult = Result<Addresses, Arc<io::Error>>;
type Lookup = fn(String) -> Pin<Box<dyn Future<Output = io::Result<Addresses>> + Send>>;

/// Resolves names; remembers those that are being looked up.
pub(crate) struct DnsResolver {
    lookup: Lookup,
    pending: Mutex<HashMap<String, Arc<PendingLookup>>>,
}

/// A name that is looked up until the first result.
struct PendingLookup {
    result: watch::Sender<Option<LookupResult>>,
    last_sent: Mutex<Option<Instant>>,
}

impl Default for DnsResolver {
    fn default() -> Self {
        Self::by(|name| Box::pin(async move { Ok(lookup_host((name, 0)).await?.collect()) }))
    }
}

impl DnsResolver {
    fn by(lookup: Lookup) -> Self {
        Self {
            lookup,
            pending: Mutex::default(),
        }
    }

    /// The addresses of a name, with port 0.
    ///
    /// # Errors
    /// Those of the system. While no name server answers, this takes as long as the system waits for one.
    ///
    /// # Cancel safety
    /// The lookup goes on for other connections.
    pub(crate) async fn resolve(&self, name: &str) -> LookupResult {
        let pending = self.pending_lookup(name);
        let mut result = pending.result.subscribe();
        loop {
            pending.send_query(self.lookup, name);
            let completed = result.wait_for(Option::is_some);
            // The sender lives in `pending`, so the channel cannot close meanwhile.
            if let Ok(Ok(result)) = timeout(RETRY_INTERVAL, completed).await
                && let Some(result) = result.clone()
            {
                return result;
            }
        }
    }

    /// The pending lookup of a name, or a new one.
    fn pending_lookup(&self, name: &str) -> Arc<PendingLookup> {
        let mut pending = self.pending.lock();
        pending.retain(|_, lookup| lookup.is_pending());
        let lookup = pending.entry(name.to_owned()).or_default();
        lookup.clone()
    }
}

impl Default for PendingLookup {
    fn default() -> Self {
        Self {
            result: watch::Sender::new(None),
            last_sent: Mutex::default(),
        }
    }
}

impl PendingLookup {
    fn is_pending(&self) -> bool {
        self.result.borrow().is_none()
    }

    /// Starts a lookup, unless one was started less than a second ago.
    fn send_query(self: &Arc<Self>, lookup: Lookup, name: &str) {
        let now = Instant::now();
        {
            let mut last = self.last_sent.lock();
            if last.is_some_and(|last| now - last < RETRY_INTERVAL) {
                return;
            }
            *last = Some(now);
        }
        let (pending, found) = (self.clone(), lookup(name.to_owned()));
        tokio::spawn(async move { pending.complete(found.await, now) });
    }

    /// The first result counts; a failure only if no other lookup was started since.
    fn complete(&self, found: io::Result<Addresses>, sent: Instant) {
        if found.is_err() && *self.last_sent.lock() != Some(sent) {
            return;
        }
        self.result.send_if_modified(|result| {
            let is_first = result.is_none();
            if is_first {
                *result = Some(found.map_err(Arc::new));
            }
            is_first
        });
    }
}

impl fmt::Debug for DnsResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsResolver").finish_non_exhaustive()
    }
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
        static QUERIES: AtomicU32 = AtomicU32::new(0);
        let resolver = DnsResolver::by(|_| {
            Box::pin(async {
                if QUERIES.fetch_add(1, Ordering::Relaxed) < 4 {
                    sleep(SYSTEM).await;
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Ok(vec![([192, 0, 2, 1], 0).into()])
            })
        });
        let started = Instant::now();
        let (one, other) = tokio::join!(resolver.resolve("a"), resolver.resolve("a"));
        assert_eq!(started.elapsed(), 4 * RETRY_INTERVAL);
        assert_eq!(QUERIES.load(Ordering::Relaxed), 5, "for both of them");
        assert_eq!((one.unwrap().len(), other.unwrap().len()), (1, 1));
        resolver.resolve("a").await.unwrap();
        assert_eq!(QUERIES.load(Ordering::Relaxed), 6, "results are not cached");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_returned_at_once_and_a_late_one_is_ignored() {
        static QUERIES: AtomicU32 = AtomicU32::new(0);
        let resolver = DnsResolver::by(|_| {
            Box::pin(async {
                if QUERIES.fetch_add(1, Ordering::Relaxed) == 0 {
                    sleep(RETRY_INTERVAL + RETRY_INTERVAL / 2).await;
                    return Err(io::Error::other("late"));
                }
                sleep(RETRY_INTERVAL / 4 * 3).await;
                Err(io::Error::other("in time"))
            })
        });
        let started = Instant::now();
        let error = resolver.resolve("a").await.unwrap_err();
        assert_eq!(error.to_string(), "in time");
        assert_eq!(started.elapsed(), RETRY_INTERVAL + RETRY_INTERVAL / 4 * 3);
    }

    #[tokio::test]
    async fn this_machine_has_a_name() {
        let addresses = DnsResolver::default().resolve("localhost").await.unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
    }
}
