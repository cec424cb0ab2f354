//! One message, from its receipt to its end.
//!
//! Read, filter, convert, deliver each event, and then exactly one of: delete the message,
//! release it to be received again later, or release it at once because the process ends.
//! A message is deleted only when the sink or the dead letter sink accepted each of its events,
//! or the filter did not want it.

mod deliver;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mns::{Message, Queue, ReceiptHandle};
use oss::event::Event;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::{Span, debug};

use crate::backoff::Throttle;
use crate::budget::MessagePermit;
use crate::config::{Delivery, Format};
use crate::convert::{Converter, Outgoing, ids};
use crate::deletion::{DeleteSender, PendingDelete};
use crate::delivered_events::{Delivered, DeliveredEvents};
use crate::event_budget::EventBudget;
use crate::filter::Filter;
use crate::metrics::{MessageOutcome, Metrics};
use crate::sink::Sink;
use crate::trace::process_span;
use crate::visibility::VisibilityGuard;

/// How soon another adapter gets what this one releases when it stops.
const SHUTDOWN_RELEASE_DELAY: Duration = Duration::from_secs(1);

/// Everything that a delivery needs. Shared by all of them.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) queue: Queue,
    /// What the queue is called in dead letters.
    pub(crate) queue_arn: String,
    pub(crate) filter: Filter,
    pub(crate) converter: Converter,
    pub(crate) format: Format,
    pub(crate) sink: Sink,
    pub(crate) dead_letter_sink: Option<Sink>,
    pub(crate) delivery: Delivery,
    pub(crate) deleter: DeleteSender,
    pub(crate) delivered_events: Arc<DeliveredEvents>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) event_budget: EventBudget,
    pub(crate) metrics: Metrics,
    /// Cancelled when deliveries must end, finished or not.
    pub(crate) abort: CancellationToken,
}

/// A message with its permit.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) message: Message,
    /// How long it stays hidden from others, from now on.
    pub(crate) visibility: Duration,
    pub(crate) permit: MessagePermit,
    /// Of the call that brought it.
    pub(crate) receive: Span,
}

/// What of a message is read.
struct Unread<'a> {
    id: &'a str,
    body: Bytes,
    /// How often it was received, this time included.
    count: u32,
}

/// The events of a message, `None` for those that the filter keeps away.
type Wanted = Vec<Option<Outgoing>>;

/// The permit for the events of a message that has many.
type EventPermit = OwnedSemaphorePermit;

/// What should happen to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageAction {
    /// It is deleted.
    Delete,
    /// It becomes visible again after this.
    Release(Duration),
}

impl Pipeline {
    /// Processes one message to its end.
    pub(crate) async fn handle(self: Arc<Self>, received: Received) {
        let Received {
            message,
            visibility,
            permit,
            receive,
        } = received;
        let _in_progress = self.metrics.hold();
        self.metrics.count_received(message.dequeue_count);
        let Message {
            id,
            body,
            receipt_handle,
            dequeue_count,
            ..
        } = message;
        let mut guard = self.guard(id.clone(), receipt_handle, visibility);
        let action = {
            let unread = Unread {
                id: &id,
                body,
                count: dequeue_count.max(1),
            };
            let work = pin!(self.process(unread, receive));
            self.abort.run_until_cancelled(guard.hold(work)).await
        };
        // Calls to the queue are large and rarely needed here; within this future they would
        // be moved with it for every message.
        match action {
            Some(MessageAction::Delete) => self.delete(id, guard, permit).await,
            Some(MessageAction::Release(wait)) => {
                self.metrics.count_message(MessageOutcome::Postponed);
                Box::pin(guard.release(wait)).await;
            }
            None => Box::pin(self.release_guard(guard)).await,
        }
    }

    /// Releases a message unread, because the process ends.
    pub(crate) async fn release(self: Arc<Self>, received: Received) {
        let Message {
            id, receipt_handle, ..
        } = received.message;
        let guard = self.guard(id, receipt_handle, received.visibility);
        self.release_guard(guard).await;
    }

    async fn release_guard(&self, guard: VisibilityGuard<'_>) {
        self.metrics.count_message(MessageOutcome::HandedBack);
        guard.release(SHUTDOWN_RELEASE_DELAY).await;
    }

    fn guard(
        &self,
        message_id: String,
        handle: ReceiptHandle,
        visibility: Duration,
    ) -> VisibilityGuard<'_> {
        VisibilityGuard::new(&self.queue, &self.metrics, message_id, handle, visibility)
    }

    /// Hands the message over to be deleted. It keeps its permit, and stays hidden, until the
    /// next batches have a place for it: deletes that hang must stop the polling.
    async fn delete(
        &self,
        message_id: String,
        mut guard: VisibilityGuard<'_>,
        permit: MessagePermit,
    ) {
        let place = guard.hold(self.deleter.reserve()).await;
        drop(permit);
        self.metrics.count_message(MessageOutcome::Done);
        match (place, guard.into_handle()) {
            (Some(place), Some((handle, expires_at))) => place.send(PendingDelete {
                message_id,
                handle,
                expires_at,
            }),
            _ => self.delivered_events.keep(&message_id, Delivered::All),
        }
    }

    async fn process(&self, message: Unread<'_>, receive: Span) -> MessageAction {
        let Unread { id, count, .. } = message;
        let delivered = self.delivered_events.take(id);
        if delivered == Delivered::All {
            debug!(mns.message.id = %id, "message `{id}` was delivered before");
            return MessageAction::Delete;
        }
        match self.outgoing(&message, &receive).await {
            Ok((outgoing, _event_permit)) => {
                drop((message, receive));
                self.deliver_all(id, count, outgoing, &delivered).await
            }
            Err(reason) => self.dead_letter_unreadable(&message, &reason).await,
        }
    }

    /// The wanted events of the message, in order, `None` for the others; and the permit for them
    /// if they are many.
    async fn outgoing(
        &self,
        message: &Unread<'_>,
        receive: &Span,
    ) -> Result<(Wanted, Option<EventPermit>), String> {
        let events = read(&message.body)?;
        let count = events.len();
        if !EventBudget::is_needed(count) {
            return Ok((self.convert(message, &events, receive)?, None));
        }
        drop(events); // No task may hold them while it waits for the budget.
        let permit = self.event_budget.acquire(count).await;
        let events = read(&message.body)?;
        Ok((self.convert(message, &events, receive)?, permit))
    }

    fn convert(
        &self,
        message: &Unread<'_>,
        events: &[Event],
        receive: &Span,
    ) -> Result<Wanted, String> {
        let convert = |(event, id)| {
            if !self.filter.matches(event) {
                return Ok(None);
            }
            let span = process_span(self.queue.name(), message.id, message.count, receive);
            self.converter.convert_within(id, event, span).map(Some)
        };
        let wanted = events.iter().zip(ids(message.id, events)).map(convert);
        let wanted = wanted.collect::<Result<Vec<_>, _>>();
        wanted.map_err(|error| service::error_line(&error))
    }
}

fn read(body: &[u8]) -> Result<Vec<Event>, String> {
    oss::event::parse(body).map_err(|error| service::error_line(&error))
}
