//! Deleting messages that are done, many per call.
//!
//! Deliveries hand their handles over and go on. A batch is deleted when it is full, when its
//! first handle has waited long enough, or just before that expires. When this stage is
//! behind, a delivery waits for its place and keeps its permit, and so the polling stops.
//!
//! The stage wakes for the first handle of a batch and for the last one, and not for those between.

use std::sync::Arc;
use std::time::Duration;

use mns::{Queue, ReceiptHandle, RefusalKind};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use crate::backoff::QueueBackoff;
use crate::config::MAX_BATCH;
use crate::delivered_events::{Delivered, DeliveredEvents};
use crate::metrics::{CallResult, Metrics, MnsCall};

/// From 160 events per second on, each call deletes as many as it can; and it is far below any
/// visibility timeout.
const LINGER: Duration = Duration::from_millis(100);
/// Time to make the call before a receipt handle expires.
const HEADROOM: Duration = Duration::from_millis(500);
/// Delete calls at one time, some more than pollers: they delete what those receive.
const CALLS: usize = 16;
/// Handles waiting for a batch: some for each call under way.
const WAITING: usize = 2 * CALLS * MAX_BATCH;

/// A message whose events have all been dealt with.
#[derive(Debug)]
pub(crate) struct PendingDelete {
    pub(crate) message_id: String,
    pub(crate) handle: ReceiptHandle,
    /// When the receipt handle expires.
    pub(crate) expires_at: Instant,
}

/// Where deliveries hand over what is to be deleted. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct DeleteSender {
    done: mpsc::Sender<PendingDelete>,
    is_full: Arc<Notify>,
    delivered_events: Arc<DeliveredEvents>,
}

/// A place in the next batches.
#[derive(Debug)]
pub(crate) struct DeletePermit<'a> {
    permit: mpsc::Permit<'a, PendingDelete>,
    sender: &'a DeleteSender,
}

/// Makes the calls. Its owner runs it.
#[derive(Debug)]
pub(crate) struct DeleteStage {
    done: mpsc::Receiver<PendingDelete>,
    /// Told when a batch of handles waits.
    is_full: Arc<Notify>,
    deleter: Arc<Deleter>,
}

#[derive(Debug)]
struct Deleter {
    queue: Queue,
    metrics: Metrics,
    delivered_events: Arc<DeliveredEvents>,
}

/// A stage that deletes messages of `queue`, and its sender.
pub(crate) fn delete_stage(
    queue: Queue,
    metrics: Metrics,
    delivered_events: Arc<DeliveredEvents>,
) -> (DeleteSender, DeleteStage) {
    let (done_sender, done) = mpsc::channel(WAITING);
    let is_full = Arc::new(Notify::new());
    let sender = DeleteSender {
        done: done_sender,
        is_full: is_full.clone(),
        delivered_events: delivered_events.clone(),
    };
    let deleter = Arc::new(Deleter {
        queue,
        metrics,
        delivered_events,
    });
    let stage = DeleteStage {
        done,
        is_full,
        deleter,
    };
    (sender, stage)
}

impl DeleteSender {
    /// Waits for a place while too many messages are waiting already. `None` when the
    /// other side was cut off at shutdown; the message then comes back.
    ///
    /// # Cancel safety
    /// Dropping the future gives the place up.
    pub(crate) async fn reserve(&self) -> Option<DeletePermit<'_>> {
        Some(DeletePermit {
            permit: self.done.reserve().await.ok()?,
            sender: self,
        })
    }
}

impl DeletePermit<'_> {
    /// Hands a message over.
    pub(crate) fn send(self, done: PendingDelete) {
        let DeleteSender {
            done: waiting,
            is_full,
            delivered_events,
        } = self.sender;
        delivered_events.delete_started(done.message_id.clone());
        self.permit.send(done);
        // One of the batch is in the stage already.
        if waiting.max_capacity() - waiting.capacity() >= MAX_BATCH - 1 {
            is_full.notify_one();
        }
    }
}

impl DeleteStage {
    /// Runs until every [`DeleteSender`] is gone and everything handed over is deleted.
    pub(crate) async fn run(mut self) {
        let mut batch = Batch::default();
        let mut calls = JoinSet::new();
        loop {
            if batch.is_empty() {
                let Some(first) = self.done.recv().await else {
                    break;
                };
                batch.push(first);
            }
            while !batch.is_full()
                && let Ok(done) = self.done.try_recv()
            {
                batch.push(done);
            }
            if !batch.is_full() && batch.due() > Instant::now() {
                // Either may be dropped: a notification without a waiter is kept.
                tokio::select! {
                    () = self.is_full.notified() => {}
                    () = sleep_until(batch.due()) => {}
                }
                continue;
            }
            while calls.try_join_next().is_some() {}
            while calls.len() >= CALLS {
                calls.join_next().await;
            }
            calls.spawn(self.deleter.clone().delete(batch.take()));
        }
        while calls.join_next().await.is_some() {}
    }
}

/// Handles that go into the next call.
#[derive(Debug, Default)]
struct Batch {
    done: Vec<PendingDelete>,
    due: Option<Instant>,
}

impl Batch {
    fn push(&mut self, done: PendingDelete) {
        let now = Instant::now();
        let latest = done
            .expires_at
            .checked_sub(HEADROOM)
            .unwrap_or(now)
            .max(now);
        let due = self.due.unwrap_or(now + LINGER);
        self.due = Some(due.min(latest));
        self.done.push(done);
    }

    fn take(&mut self) -> Vec<PendingDelete> {
        std::mem::take(self).done
    }

    fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    fn is_full(&self) -> bool {
        self.done.len() >= MAX_BATCH
    }

    /// When it must be sent even if it is not full.
    fn due(&self) -> Instant {
        self.due.unwrap_or_else(Instant::now)
    }
}

impl Deleter {
    /// Deletes what can be deleted; what cannot comes back and is known then.
    async fn delete(self: Arc<Self>, batch: Vec<PendingDelete>) {
        self.delete_until_expired(batch.iter().collect()).await;
        self.delivered_events
            .delete_finished(batch.iter().map(|done| done.message_id.as_str()));
    }

    async fn delete_until_expired(&self, mut batch: Vec<&PendingDelete>) {
        let mut backoff = QueueBackoff::default();
        loop {
            let handles: Vec<_> = batch.iter().map(|done| done.handle.clone()).collect();
            match self.queue.delete_batch(&handles).await {
                Ok(outcome) => {
                    self.metrics
                        .count_call(MnsCall::Delete, CallResult::Success);
                    for (handle, error) in &outcome.failed {
                        self.log_undeleted(&batch, handle, error.kind(), &error.to_string());
                    }
                    return;
                }
                Err(error) => {
                    self.metrics
                        .count_call(MnsCall::Delete, CallResult::Failure);
                    // Each call holds one of few places, and those that MNS refuses are refused
                    // together: as soon as it takes calls again, they must be there.
                    let pause = backoff.next(error.disposition());
                    batch = self.not_expired(batch, pause, &error);
                    if batch.is_empty() {
                        return;
                    }
                    sleep(pause).await;
                }
            }
        }
    }

    /// A message that could not be deleted may come back; then it is only deleted.
    fn log_undeleted(
        &self,
        batch: &[&PendingDelete],
        handle: &ReceiptHandle,
        kind: RefusalKind,
        reason: &str,
    ) {
        let Some(done) = batch.iter().find(|done| done.handle == *handle) else {
            return;
        };
        let id = &done.message_id;
        self.metrics.count_lost_handle();
        self.delivered_events.keep(id, Delivered::All);
        let left = match kind {
            RefusalKind::NoMessage => {
                "its delete had no effect: it was deleted before, or its receipt handle expired and another receiver has it"
            }
            RefusalKind::BadHandle => {
                "not deleted, because its receipt handle is no longer valid: another receiver may get it"
            }
            _ => "not deleted; it becomes visible again",
        };
        warn!(mns.message.id = %id, reason, "message `{id}` is delivered, but {left}");
    }

    /// What is left to try again after a failed call and this pause.
    fn not_expired<'a>(
        &self,
        batch: Vec<&'a PendingDelete>,
        pause: Duration,
        error: &mns::Error,
    ) -> Vec<&'a PendingDelete> {
        let next = Instant::now() + pause;
        let is_worth_it = error.disposition().is_retryable();
        let (again, over): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|done| is_worth_it && done.expires_at > next);
        let reason = service::error_line(error);
        let kind = error
            .refusal()
            .map_or(RefusalKind::ServiceFault, mns::Refusal::kind);
        for done in over {
            self.log_undeleted(&[done], &done.handle, kind, &reason);
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(expires_at: Instant) -> PendingDelete {
        PendingDelete {
            message_id: "m".into(),
            handle: ReceiptHandle::new("h"),
            expires_at,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn batch_waits_for_company_but_not_past_a_visibility() {
        let start = Instant::now();
        let far = start + Duration::from_secs(30);
        let table = [
            ("one that has time", vec![far], LINGER),
            ("first of two decides", vec![far, far], LINGER),
            (
                "one that is about to die",
                vec![far, start + HEADROOM],
                Duration::ZERO,
            ),
            (
                "one that has little time",
                vec![start + HEADROOM + LINGER / 2],
                LINGER / 2,
            ),
            ("one that is dead", vec![start], Duration::ZERO),
        ];
        for (name, ends, expected) in table {
            let mut batch = Batch::default();
            for expires_at in ends {
                batch.push(done(expires_at));
            }
            assert_eq!(batch.due() - start, expected, "{name}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn batch_is_full_at_what_one_call_takes() {
        let mut batch = Batch::default();
        for _ in 0..MAX_BATCH {
            assert!(!batch.is_full());
            batch.push(done(Instant::now()));
        }
        assert!(batch.is_full());
        assert_eq!(batch.take().len(), MAX_BATCH);
        assert!(batch.is_empty());
    }
}
