//! Limits the connections of a server. When the limit is reached, a new connection evicts the one
//! that has been idle longest.
//!
//! A connection is idle while its client has not sent a complete request. A client that sends its
//! request slowly, or sends none, occupies a slot and costs nothing else. Because of the eviction, a
//! client that sends its request at once, as a probe does, is served however many slow clients
//! there are. A connection whose request is complete and not yet answered is never evicted.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Frame, SizeHint};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The limit of one server. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct ConnectionLimit {
    slots: Arc<Semaphore>,
    idle: Arc<IdleConnections>,
}

/// The idle connections, in the order in which they became idle.
#[derive(Debug, Default)]
struct IdleConnections {
    order: Mutex<IdleOrder>,
    /// Notified whenever a connection becomes idle.
    became_idle: Notify,
}

#[derive(Debug, Default)]
struct IdleOrder {
    last_number: u64,
    by_number: BTreeMap<u64, CancellationToken>,
}

impl IdleConnections {
    fn order(&self) -> MutexGuard<'_, IdleOrder> {
        self.order.lock()
    }

    /// Closes the connection that has been idle longest; false if none is idle.
    fn evict_one(&self) -> bool {
        let oldest = self.order().by_number.pop_first();
        oldest.is_some_and(|(_number, evict)| {
            evict.cancel();
            true
        })
    }
}

impl ConnectionLimit {
    pub(super) fn new(count: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(count)),
            idle: Arc::default(),
        }
    }

    /// A slot for a connection that was just accepted.
    ///
    /// # Cancel safety
    /// Dropping the future occupies no slot; a connection may have been evicted for it.
    pub(super) async fn acquire(&self) -> ConnectionSlot {
        let permit = loop {
            if let Ok(permit) = self.slots.clone().try_acquire_owned() {
                break permit;
            }
            if !self.idle.evict_one() {
                // Every connection is busy. Both arms may be dropped: the loop tries again.
                tokio::select! {
                    _permit = self.slots.acquire() => {}
                    () = self.idle.became_idle.notified() => {}
                }
                continue;
            }
            if let Ok(permit) = self.slots.clone().acquire_owned().await {
                break permit;
            }
        };
        let slot = ConnectionSlot {
            tracker: Arc::new(IdleTracker {
                idle: self.idle.clone(),
                evict: CancellationToken::new(),
                number: Mutex::new(None),
            }),
            _permit: permit,
        };
        slot.tracker.mark_idle();
        slot
    }
}

/// The slot of a connection; free again when dropped.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    tracker: Arc<IdleTracker>,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionSlot {
    /// For the service that answers the requests of this connection.
    pub(super) fn tracker(&self) -> Arc<IdleTracker> {
        self.tracker.clone()
    }

    /// Completes when the connection must be closed in favour of a new one.
    pub(super) async fn evicted(&self) {
        self.tracker.evict.cancelled().await;
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.tracker.mark_busy();
    }
}

/// Records whether a connection is idle, and since when.
#[derive(Debug)]
pub(super) struct IdleTracker {
    idle: Arc<IdleConnections>,
    evict: CancellationToken,
    /// Its number among the idle connections; none while it is busy.
    number: Mutex<Option<u64>>,
}

impl IdleTracker {
    /// From now on the server waits for the client.
    pub(super) fn mark_idle(&self) {
        let mut number = self.number.lock();
        let mut order = self.idle.order();
        if let Some(before) = number.take() {
            order.by_number.remove(&before);
        }
        order.last_number += 1;
        let last = order.last_number;
        order.by_number.insert(last, self.evict.clone());
        *number = Some(last);
        self.idle.became_idle.notify_one();
    }

    /// The request is complete: the client waits for the server.
    fn mark_busy(&self) {
        if let Some(number) = self.number.lock().take() {
            self.idle.order().by_number.remove(&number);
        }
    }
}

/// A request's body, which marks the connection as busy once all of it has been read.
#[derive(Debug)]
pub(super) struct TrackedBody {
    body: hyper::body::Incoming,
    tracker: Arc<IdleTracker>,
}

impl TrackedBody {
    pub(super) fn new(body: hyper::body::Incoming, tracker: Arc<IdleTracker>) -> Self {
        tracker.mark_idle();
        let request_body = Self { body, tracker };
        request_body.check_end();
        request_body
    }

    fn check_end(&self) {
        if self.body.is_end_stream() {
            self.tracker.mark_busy();
        }
    }
}

impl Body for TrackedBody {
    type Data = <hyper::body::Incoming as Body>::Data;
    type Error = <hyper::body::Incoming as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() {
            self.tracker.mark_busy();
        }
        self.check_end();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
