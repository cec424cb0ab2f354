//! Receiving: a permit first, messages second.
//!
//! The first poller waits at the queue; others join it while there is a backlog. None
//! decides anything about a message.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mns::{Message, PollingWait, Queue};
use service::traces;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Span;

use crate::backoff::{QueueBackoff, Throttle};
use crate::budget::{Budget, ReceivePermit};
use crate::demand::Demand;
use crate::metrics::{CallResult, Metrics, MnsCall};
use crate::pipeline::{Pipeline, Received};
use crate::queue_health::QueueHealth;
use crate::trace::{MESSAGE_COUNT, receive_span};

/// Three calls per minute on an idle queue; a connection that died unnoticed is found
/// out this long after, plus the client's own margin.
const LONG_POLL: Duration = Duration::from_secs(20);
/// MNS may answer a long poll at once when it holds too many of them.
const MIN_ROUND: Duration = Duration::from_secs(1);
/// What an answer under way gets to arrive when the process is told to stop: dropping
/// it would hide the messages it may bring for their whole visibility.
const LAST_RECEIVE: Duration = Duration::from_millis(300);

/// What all pollers share.
#[derive(Debug)]
pub(crate) struct Pollers {
    pub(crate) queue: Queue,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) deliveries: TaskTracker,
    /// Where they run: posting takes about as long as all that is done with the queue.
    pub(crate) delivering: Handle,
    pub(crate) budget: Budget,
    pub(crate) demand: Demand,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) health: QueueHealth,
    pub(crate) visibility: LearnedVisibility,
    pub(crate) metrics: Metrics,
    pub(crate) stop: CancellationToken,
}

impl Pollers {
    /// Receives until told to stop. `index` counts pollers from 0.
    pub(crate) async fn poll(self: Arc<Self>, index: usize) {
        let mut backoff = QueueBackoff::default();
        let longest = if index == 0 {
            LONG_POLL
        } else {
            Duration::ZERO
        };
        // The first receive, and the first after a failure, only asks whether the queue
        // is there: a long poll would leave that open until it ends.
        let mut wait = PollingWait::MIN;
        // Cancel-safe: nothing has been received while waiting for a turn.
        while let Some(Some(permit)) = self.stop.run_until_cancelled(self.turn(index)).await {
            let started = Instant::now();
            let span = receive_span(self.queue.name());
            let pause = match self.receive(wait).await {
                None => {
                    span.record(MESSAGE_COUNT, 0);
                    return;
                }
                Some(Ok(messages)) => {
                    span.record(MESSAGE_COUNT, messages.len());
                    let pause = pause_after(messages.len(), wait, started.elapsed());
                    self.dispatch(messages, permit, &span);
                    backoff.reset();
                    wait = PollingWait::saturating(longest);
                    pause
                }
                Some(Err(error)) => {
                    let kind = error.refusal().map_or("unanswered", |_refusal| "refused");
                    traces::failed(&span, kind);
                    self.health.failed(&error);
                    self.demand.failed();
                    wait = PollingWait::MIN;
                    backoff.next(error.disposition())
                }
            };
            if !pause.is_zero() && self.stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Waits until this poller should receive and there is a permit for what it brings.
    async fn turn(&self, index: usize) -> Option<ReceivePermit> {
        self.demand.wants(index).await;
        while let Some(pause) = self.throttle.pause() {
            sleep(pause).await;
            if index == 0 {
                // One poller has to find out whether the sink works again.
                break;
            }
        }
        self.budget.acquire().await
    }

    /// One receive; `None` when the process ends before its answer.
    async fn receive(&self, wait: PollingWait) -> Option<Result<Vec<Message>, mns::Error>> {
        let last_call = async {
            self.stop.cancelled().await;
            sleep(LAST_RECEIVE).await;
        };
        self.metrics.pollers.inc();
        let received = tokio::select! {
            received = self.queue.receive_batch(self.budget.batch(), wait) => Some(received),
            // Nothing is lost: what the answer would have brought comes back by itself.
            () = last_call => None,
        };
        self.metrics.pollers.dec();
        let result = match received.as_ref()? {
            Ok(messages) if messages.is_empty() => CallResult::Empty,
            Ok(_) => CallResult::Success,
            Err(_) => CallResult::Failure,
        };
        self.metrics.count_call(MnsCall::Receive, result);
        received
    }

    fn dispatch(&self, messages: Vec<Message>, mut permit: ReceivePermit, span: &Span) {
        self.health.succeeded();
        self.demand
            .received(messages.len(), self.budget.batch().get() as usize);
        if let Some(largest) = messages.iter().map(Message::held_bytes).max() {
            self.budget.received(largest);
        }
        for message in messages {
            let visibility = self.visibility.of(&message);
            let message_permit = permit.split(message.held_bytes());
            let received = Received {
                message,
                visibility,
                permit: message_permit,
                receive: span.clone(),
            };
            let pipeline = self.pipeline.clone();
            // On the heap at once: a task's future is moved several times on its way there.
            if self.stop.is_cancelled() {
                let release = Box::pin(pipeline.release(received));
                self.deliveries.spawn_on(release, &self.delivering);
            } else {
                let handle = Box::pin(pipeline.handle(received));
                self.deliveries.spawn_on(handle, &self.delivering);
            }
        }
    }
}

/// An empty long poll that ended early is not repeated at once.
fn pause_after(count: usize, wait: PollingWait, took: Duration) -> Duration {
    if count > 0 || wait == PollingWait::MIN {
        return Duration::ZERO;
    }
    MIN_ROUND.saturating_sub(took)
}

/// How long the queue hides a received message.
///
/// A message that is received for the first time says it in the service's own clock:
/// from `FirstDequeueTime` to `NextVisibleTime`. Our clock may differ by minutes, and
/// reading the queue's attributes is a right that an adapter need not have.
#[derive(Debug)]
pub(crate) struct LearnedVisibility(AtomicU64);

impl LearnedVisibility {
    /// Careful until a message says otherwise: extending too early costs a call, too late
    /// a duplicate.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(10_000))
    }

    pub(crate) fn set(&self, visibility: Duration) {
        let visibility_ms = u64::try_from(visibility.as_millis()).unwrap_or(u64::MAX);
        self.0
            .store(visibility_ms.clamp(1000, 43_200_000), Ordering::Relaxed);
    }

    fn of(&self, message: &Message) -> Duration {
        if let (1, Some(from), Some(to)) = (
            message.dequeue_count,
            message.first_dequeue_time,
            message.next_visible_time,
        ) && let Ok(visibility) = Duration::try_from(to.duration_since(from))
        {
            self.set(visibility);
        }
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}
