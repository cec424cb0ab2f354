//! Delivers the events of one message: to the sink, or to the dead letter sink once that is in vain.

use std::time::Duration;

use service::traces;
use tracing::{Instrument as _, Span, debug, warn};

use super::{MessageAction, Pipeline, Unread, Wanted};
use crate::concurrency::Outcome;
use crate::convert::Outgoing;
use crate::dead_letter::{Cause, dead_letter, unreadable_message};
use crate::delivered_events::Delivered;
use crate::metrics::{AttemptResult, EventOutcome, MessageOutcome, Target};
use crate::sink::{Failure, Sink};
use crate::trace::deliver_span;

/// The outcome of one event at this delivery of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeliveryOutcome {
    /// A sink accepted it, now or before, or the filter does not want it.
    Done,
    /// It is attempted again after this.
    Retry(Duration),
    /// The sink did not answer, and would not answer the next event either; retry after this.
    Unanswered(Duration),
}

impl Pipeline {
    /// Delivers the wanted events of a message, one after the other.
    pub(super) async fn deliver_all(
        &self,
        message_id: &str,
        count: u32,
        outgoing: Wanted,
        delivered: &Delivered,
    ) -> MessageAction {
        let mut taken = Vec::new();
        let mut wait: Option<Duration> = None;
        for index in starting_elsewhere(outgoing.len(), count) {
            let outcome = match &outgoing[index] {
                None => self.counted(EventOutcome::Filtered, DeliveryOutcome::Done),
                Some(_) if delivered.has(index) => {
                    self.counted(EventOutcome::Known, DeliveryOutcome::Done)
                }
                Some(outgoing) => {
                    let span = deliver_span(&outgoing.span, &outgoing.id);
                    let delivery = self.deliver(message_id, count, outgoing);
                    delivery.instrument(span).await
                }
            };
            match outcome {
                DeliveryOutcome::Done => taken.push(index),
                DeliveryOutcome::Retry(later) => wait = wait.max(Some(later)),
                DeliveryOutcome::Unanswered(later) => {
                    wait = wait.max(Some(later));
                    break;
                }
            }
        }
        let Some(wait) = wait else {
            return MessageAction::Delete;
        };
        if outgoing.len() > 1 {
            self.delivered_events
                .keep(message_id, Delivered::Some(taken));
        }
        MessageAction::Release(wait)
    }

    async fn deliver(&self, message_id: &str, count: u32, outgoing: &Outgoing) -> DeliveryOutcome {
        let (id, trace) = (&outgoing.id, outgoing.trace_id());
        let failure = match self
            .attempt(Target::Sink, &self.sink, &outgoing.message)
            .await
        {
            Ok(()) => {
                debug!(ce.id = %id, trace.id = trace, mns.message.id = %message_id, "delivered `{id}`");
                return self.counted(EventOutcome::Accepted, DeliveryOutcome::Done);
            }
            Err(failure) => failure,
        };
        traces::failed(&Span::current(), failure.error_type());
        let wait = self.delivery.wait(count, failure.retry_after);
        if failure.is_retryable() && !self.delivery.is_spent(count) {
            warn!(ce.id = %id, trace.id = trace, mns.message.id = %message_id, attempt = count, wait_s = wait.as_secs(), "event `{id}` is not delivered yet: {failure}");
            let outcome = if failure.is_unanswered() {
                DeliveryOutcome::Unanswered
            } else {
                DeliveryOutcome::Retry
            };
            return self.counted(EventOutcome::Postponed, outcome(wait));
        }
        warn!(ce.id = %id, trace.id = trace, mns.message.id = %message_id, attempt = count, "giving up on event `{id}`: {failure}");
        let wait = self.delivery.retained_wait(count, failure.retry_after);
        let cause = Cause::refused(self.sink.address(), &failure);
        let dead_letter = dead_letter(&outgoing.message, self.format, &cause);
        Box::pin(self.send_dead_letter(id, dead_letter, wait)).await
    }

    /// Sends a message that cannot be read to the dead letter sink, so that it is not lost.
    pub(super) async fn dead_letter_unreadable(
        &self,
        message: &Unread<'_>,
        reason: &str,
    ) -> MessageAction {
        let Unread { id, body, count } = message;
        self.metrics.count_message(MessageOutcome::Unreadable);
        warn!(mns.message.id = %id, attempt = count, "message `{id}` holds no readable events: {reason}");
        let cause = Cause::unreadable(self.sink.address(), reason);
        let dead_letter = unreadable_message(id, &self.queue_arn, body, &cause);
        let wait = self.delivery.retained_wait(*count, None);
        match Box::pin(self.send_dead_letter(id, dead_letter, wait)).await {
            DeliveryOutcome::Done => MessageAction::Delete,
            DeliveryOutcome::Retry(wait) | DeliveryOutcome::Unanswered(wait) => {
                MessageAction::Release(wait)
            }
        }
    }

    /// Sends a dead letter, if there is somewhere to send it; else it stays in the queue.
    async fn send_dead_letter(
        &self,
        id: &str,
        dead_letter: Option<events::HttpMessage>,
        wait: Duration,
    ) -> DeliveryOutcome {
        let (Some(sink), Some(dead_letter)) = (&self.dead_letter_sink, dead_letter) else {
            warn!(ce.id = %id, wait_s = wait.as_secs(), "`{id}` stays in the queue until its retention ends: there is no dead letter sink");
            return self.counted(EventOutcome::Kept, DeliveryOutcome::Retry(wait));
        };
        match self
            .attempt(Target::DeadLetterSink, sink, &dead_letter)
            .await
        {
            Ok(()) => self.counted(EventOutcome::DeadLettered, DeliveryOutcome::Done),
            Err(failure) => {
                warn!(ce.id = %id, wait_s = wait.as_secs(), "`{id}` stays in the queue, the dead letter sink does not take it: {failure}");
                self.counted(EventOutcome::Kept, DeliveryOutcome::Retry(wait))
            }
        }
    }

    async fn attempt(
        &self,
        target: Target,
        sink: &Sink,
        message: &events::HttpMessage,
    ) -> Result<(), Failure> {
        let permit = sink.permit().await;
        // On the heap, so that those that wait for their turn do not hold room for it.
        let sent = Box::pin(sink.send(message)).await;
        self.metrics.count_attempt(target, AttemptResult::of(&sent));
        permit.end(Outcome::of(&sent));
        match &sent {
            Err(failure) if failure.is_retryable() => self.throttle.failed(),
            _ => self.throttle.succeeded(),
        }
        sent
    }

    fn counted(&self, event: EventOutcome, outcome: DeliveryOutcome) -> DeliveryOutcome {
        self.metrics.count_events(event, 1);
        outcome
    }
}

/// All positions, from another one on at each delivery: an event that the sink never answers
/// must not keep the events after it from being attempted.
fn starting_elsewhere(len: usize, dequeue_count: u32) -> impl Iterator<Item = usize> {
    let start = (dequeue_count as usize - 1).checked_rem(len).unwrap_or(0);
    (start..len).chain(0..start)
}
