//! The idle connections to an origin.
//!
//! The one that was used last is used next, so that those that are not needed grow old and are
//! closed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

/// What sends requests to a connection; dropping it closes the connection.
pub(super) type Sender = SendRequest<Full<Bytes>>;

/// The idle connections to an origin.
pub(super) struct Pool {
    idle: Mutex<Idle>,
    most: usize,
    timeout: Duration,
}

#[derive(Default)]
struct Idle {
    /// With the time since when they are idle; those that were used last come last.
    senders: Vec<(Sender, Instant)>,
    /// Whether a task closes what is idle for too long.
    is_swept: bool,
}

impl Pool {
    /// For `most` connections, none of which stays idle for much longer than `timeout`.
    pub(super) fn new(most: usize, timeout: Duration) -> Self {
        Self {
            idle: Mutex::default(),
            most,
            timeout,
        }
    }

    /// A connection that can be used again, if there is one.
    pub(super) fn take(&self) -> Option<Sender> {
        let mut idle = self.idle.lock();
        while let Some((sender, since)) = idle.senders.pop() {
            // The server may have closed it.
            if sender.is_ready() && since.elapsed() < self.timeout {
                return Some(sender);
            }
        }
        None
    }

    /// Keeps a connection that is ready for another request.
    pub(super) fn put(self: &Arc<Self>, sender: Sender) {
        let mut idle = self.idle.lock();
        if idle.senders.len() >= self.most {
            return;
        }
        idle.senders.push((sender, Instant::now()));
        if !idle.is_swept {
            idle.is_swept = true;
            tokio::spawn(sweep(Arc::downgrade(self), self.timeout));
        }
    }

    /// Closes what is idle for too long, and says whether anything is left.
    fn is_left(&self) -> bool {
        let mut idle = self.idle.lock();
        idle.senders
            .retain(|(sender, since)| sender.is_ready() && since.elapsed() < self.timeout);
        idle.is_swept = !idle.senders.is_empty();
        idle.is_swept
    }
}

/// Sweeps until nothing is left, or the pool is dropped.
async fn sweep(pool: Weak<Pool>, pause: Duration) {
    loop {
        sleep(pause).await;
        if !pool.upgrade().is_some_and(|pool| pool.is_left()) {
            return;
        }
    }
}
