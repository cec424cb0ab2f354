//! Places for connections, and which connection gives way when all are taken.
//!
//! A client that sends its request slowly, or sends none, costs nothing but its place. When
//! a newcomer finds no place, the connection that has been waiting for its client the
//! longest is closed. So a client that sends its request at once, as a probe does, is
//! served however many slow ones there are. A connection whose request is complete and not
//! yet answered is never closed for another.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The places of one server. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    waiting: Arc<Waiting>,
}

/// Connections that wait for their client, in the order in which they began to.
#[derive(Debug, Default)]
struct Waiting {
    queue: Mutex<Queue>,
    /// Told whenever a connection begins to wait.
    grew: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    last_turn: u64,
    by_turn: BTreeMap<u64, CancellationToken>,
}

impl Waiting {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the connection that has waited the longest; false if none waits.
    fn close_one(&self) -> bool {
        let longest = self.queue().by_turn.pop_first();
        longest.is_some_and(|(_turn, close)| {
            close.cancel();
            true
        })
    }
}

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(count)),
            waiting: Arc::default(),
        }
    }

    /// A place for a connection that was just accepted.
    ///
    /// # Cancel safety
    /// Dropping the future takes no place; a connection may have been closed for it.
    pub(super) async fn take(&self) -> Place {
        let free = loop {
            if let Ok(free) = self.free.clone().try_acquire_owned() {
                break free;
            }
            if !self.waiting.close_one() {
                // Every request is in work. Both arms may be dropped: the loop asks again.
                tokio::select! {
                    _free = self.free.acquire() => {}
                    () = self.waiting.grew.notified() => {}
                }
                continue;
            }
            if let Ok(free) = self.free.clone().acquire_owned().await {
                break free;
            }
        };
        let place = Place {
            turn: Arc::new(Turn {
                waiting: self.waiting.clone(),
                close: CancellationToken::new(),
                number: Mutex::new(None),
            }),
            _free: free,
        };
        place.turn.wait();
        place
    }
}

/// A connection's place; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    turn: Arc<Turn>,
    _free: OwnedSemaphorePermit,
}

impl Place {
    /// For whoever serves the requests of this connection.
    pub(super) fn turn(&self) -> Arc<Turn> {
        self.turn.clone()
    }

    /// Ends when the connection must be closed for another.
    pub(super) async fn is_needed(&self) {
        self.turn.close.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.turn.work();
    }
}

/// Whether a connection waits for its client, and since when.
#[derive(Debug)]
pub(super) struct Turn {
    waiting: Arc<Waiting>,
    close: CancellationToken,
    /// Among the connections that wait; none while the request is in work.
    number: Mutex<Option<u64>>,
}

impl Turn {
    /// From now on the connection waits for its client.
    pub(super) fn wait(&self) {
        let mut number = self.number();
        let mut queue = self.waiting.queue();
        if let Some(before) = number.take() {
            queue.by_turn.remove(&before);
        }
        queue.last_turn += 1;
        let last = queue.last_turn;
        queue.by_turn.insert(last, self.close.clone());
        *number = Some(last);
        self.waiting.grew.notify_one();
    }

    /// The request is complete: the client waits for us.
    fn work(&self) {
        if let Some(number) = self.number().take() {
            self.waiting.queue().by_turn.remove(&number);
        }
    }

    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request's body, which tells when all of it has come.
#[derive(Debug)]
pub(super) struct Incoming {
    body: hyper::body::Incoming,
    turn: Arc<Turn>,
}

impl Incoming {
    pub(super) fn new(body: hyper::body::Incoming, turn: Arc<Turn>) -> Self {
        turn.wait();
        let incoming = Self { body, turn };
        incoming.tell();
        incoming
    }

    fn tell(&self) {
        if self.body.is_end_stream() {
            self.turn.work();
        }
    }
}

impl Body for Incoming {
    type Data = <hyper::body::Incoming as Body>::Data;
    type Error = <hyper::body::Incoming as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() {
            self.turn.work();
        }
        self.tell();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
