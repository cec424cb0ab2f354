//! The visibility of one message: its receipt handle, and until when that is valid.
//!
//! While a delivery runs, the message's visibility timeout is extended, so that a slow sink
//! causes no duplicate. Every extension brings a new handle; one under way is never
//! abandoned, because it may just have killed the old one. A handle that is lost anyway
//! is recognised, counted and not used again.

use std::pin::pin;
use std::time::Duration;

use mns::{Queue, ReceiptHandle, VisibilityTimeout};
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use crate::metrics::{CallResult, Metrics, MnsCall};

/// No shorter extension: a call per second and message would be a load of its own.
const MIN_EXTENSION: Duration = Duration::from_secs(30);
/// Pause before a failed extension is tried again, time permitting.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Keeps one message hidden from other receivers.
#[derive(Debug)]
pub(crate) struct VisibilityGuard<'a> {
    queue: &'a Queue,
    metrics: &'a Metrics,
    message_id: String,
    handle: ReceiptHandle,
    is_lost: bool,
    extension: VisibilityTimeout,
    /// When to extend next.
    renew_at: Instant,
    /// When the handle dies.
    expires_at: Instant,
}

impl<'a> VisibilityGuard<'a> {
    /// A message that was received just now and stays hidden for `visibility`.
    pub(crate) fn new(
        queue: &'a Queue,
        metrics: &'a Metrics,
        message_id: String,
        handle: ReceiptHandle,
        visibility: Duration,
    ) -> Self {
        let now = Instant::now();
        Self {
            queue,
            metrics,
            message_id,
            handle,
            is_lost: false,
            extension: VisibilityTimeout::saturating(visibility.max(MIN_EXTENSION)),
            renew_at: now + visibility / 2,
            expires_at: now + visibility,
        }
    }

    /// Runs `work` and keeps the message hidden meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future drops `work`; an extension under way may leave the guard
    /// with an invalid handle, and the message then comes back by itself.
    pub(crate) async fn hold<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            // Both arms may be dropped: `work` is polled by reference. It comes first, because it may
            // need no timer.
            tokio::select! {
                biased;
                output = &mut work => return output,
                () = sleep_until(self.renew_at), if !self.is_lost => {}
            }
            let handle = self.handle.clone();
            // On the heap, because most deliveries end without one.
            let mut extension = Box::pin(self.queue.change_visibility(&handle, self.extension));
            let (output, extended) = tokio::select! {
                output = &mut work => (Some(output), extension.await),
                extended = &mut extension => (None, extended),
            };
            self.note(extended);
            if let Some(output) = output {
                return output;
            }
        }
    }

    /// The handle, and when it dies; `None` if it has.
    pub(crate) fn into_handle(self) -> Option<(ReceiptHandle, Instant)> {
        (!self.is_lost).then_some((self.handle, self.expires_at))
    }

    /// Lets the message come back after `wait`. If that fails it comes back when its
    /// visibility ends.
    pub(crate) async fn release(mut self, wait: Duration) {
        if self.is_lost {
            return;
        }
        let wait = VisibilityTimeout::saturating(wait);
        match self.queue.change_visibility(&self.handle, wait).await {
            Ok(_) => self
                .metrics
                .count_call(MnsCall::Release, CallResult::Success),
            Err(error) => {
                self.metrics
                    .count_call(MnsCall::Release, CallResult::Failure);
                self.note_failure(&error, "it comes back when its visibility ends");
            }
        }
    }

    fn note(&mut self, extended: Result<mns::Visibility, mns::Error>) {
        let now = Instant::now();
        match extended {
            Ok(visibility) => {
                self.metrics
                    .count_call(MnsCall::Extend, CallResult::Success);
                self.handle = visibility.receipt_handle;
                self.renew_at = now + self.extension.get() / 2;
                self.expires_at = now + self.extension.get();
            }
            Err(error) => {
                self.metrics
                    .count_call(MnsCall::Extend, CallResult::Failure);
                let left = self.expires_at.saturating_duration_since(now);
                self.renew_at = now + RETRY_PAUSE.min(left / 2);
                self.note_failure(&error, "trying to extend its visibility again");
            }
        }
    }

    fn note_failure(&mut self, error: &mns::Error, then: &str) {
        let id = &self.message_id;
        if error.is_receipt_handle_invalid() || Instant::now() >= self.expires_at {
            self.is_lost = true;
            self.metrics.count_lost_handle();
            warn!(mns.message.id = %id, "lost the handle of message `{id}`: another receiver may get it");
        } else {
            let error = service::error_line(error);
            warn!(mns.message.id = %id, error, "cannot change the visibility of message `{id}`, {then}");
        }
    }
}
