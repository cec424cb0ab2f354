//! One message from receipt to settlement.
//!
//! Read, filter, convert, deliver each event, and then exactly one of: hand the message
//! over for deletion, let it come back later, or give it back because the process ends.
//! A message is handed over only when every event in it was taken by the sink or the
//! dead letter sink, or was not wanted.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use mns::{Message, Queue};
use oss::event::Event;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::budget::Held;
use crate::config::{Delivery, Format};
use crate::convert::{Converter, Outgoing, ids};
use crate::crowd::Crowd;
use crate::dead_letter::{Cause, dead_letter, unreadable_message};
use crate::filter::Filter;
use crate::lease::Lease;
use crate::metrics::{AttemptResult, EventOutcome, MessageOutcome, Metrics, Target};
use crate::pace::Brake;
use crate::progress::{Delivered, Progress};
use crate::settle::{Done, Settler};
use crate::sink::{Failure, FailureKind, Sink};

/// How soon another adapter gets what this one gives back.
const HAND_BACK: Duration = Duration::from_secs(1);

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
    pub(crate) settler: Settler,
    pub(crate) progress: Arc<Progress>,
    pub(crate) brake: Arc<Brake>,
    pub(crate) crowd: Crowd,
    pub(crate) metrics: Metrics,
    /// Cancelled when deliveries have to end, finished or not.
    pub(crate) give_up: CancellationToken,
}

/// A message with the room it takes.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) message: Message,
    /// How long it stays hidden from others, from now on.
    pub(crate) visibility: Duration,
    pub(crate) held: Held,
}

/// The events of a message, `None` for those that the filter keeps away.
type Wanted = Vec<Option<Outgoing>>;

/// Room for the events of a message that has many.
type Room = OwnedSemaphorePermit;

/// What should happen to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Delete,
    ComeBack(Duration),
}

/// What became of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Somebody has it.
    Taken,
    /// It should be tried again after this.
    Later(Duration),
    /// Nothing answered; the next event would fare no better.
    Silence(Duration),
}

impl Pipeline {
    /// Deals with one message, to the end.
    pub(crate) async fn handle(self: Arc<Self>, received: Received) {
        let Received {
            message,
            visibility,
            held,
        } = received;
        let _in_work = InWork::new(&self.metrics);
        self.metrics.count_received(message.dequeue_count);
        let mut lease = self.lease(&message, visibility);
        let id = message.id.clone();
        let verdict = {
            let work = pin!(self.process(message));
            self.give_up.run_until_cancelled(lease.hold(work)).await
        };
        // Calls to the queue are large and rarely needed here; within this future they would
        // be moved with it for every message.
        match verdict {
            Some(Verdict::Delete) => self.delete(id, lease, held).await,
            Some(Verdict::ComeBack(wait)) => {
                self.metrics.count_message(MessageOutcome::Postponed);
                Box::pin(lease.release(wait)).await;
            }
            None => Box::pin(self.hand_back_lease(lease)).await,
        }
    }

    /// Gives a message back unread, because the process ends.
    pub(crate) async fn hand_back(self: Arc<Self>, received: Received) {
        let lease = self.lease(&received.message, received.visibility);
        self.hand_back_lease(lease).await;
    }

    async fn hand_back_lease(&self, lease: Lease) {
        self.metrics.count_message(MessageOutcome::HandedBack);
        lease.release(HAND_BACK).await;
    }

    fn lease(&self, message: &Message, visibility: Duration) -> Lease {
        let (queue, metrics) = (self.queue.clone(), self.metrics.clone());
        let (id, handle) = (message.id.clone(), message.receipt_handle.clone());
        Lease::new(queue, metrics, id, handle, visibility)
    }

    /// Hands the message over for deletion. It keeps its room, and its lease, until there
    /// is a place for it: deletes that hang must stop the polling.
    async fn delete(&self, message_id: String, mut lease: Lease, held: Held) {
        let place = lease.hold(self.settler.place()).await;
        drop(held);
        self.metrics.count_message(MessageOutcome::Done);
        match (place, lease.into_handle()) {
            (Some(place), Some((handle, ends))) => place.settle(Done {
                message_id,
                handle,
                ends,
            }),
            _ => self.progress.keep(&message_id, Delivered::All),
        }
    }

    async fn process(&self, message: Message) -> Verdict {
        let (id, count) = (message.id.clone(), message.dequeue_count.max(1));
        let delivered = self.progress.take(&id);
        if delivered == Delivered::All {
            debug!(mns.message.id = %id, "message `{id}` was delivered before");
            return Verdict::Delete;
        }
        match self.outgoing(&message).await {
            Ok((outgoing, _room)) => {
                drop(message);
                self.deliver_all(&id, count, outgoing, &delivered).await
            }
            Err(reason) => self.set_aside(&message, count, &reason).await,
        }
    }

    /// The message's events that are wanted, in order, `None` for those that are not; and the
    /// room that they take if they are many.
    async fn outgoing(&self, message: &Message) -> Result<(Wanted, Option<Room>), String> {
        let events = read(message)?;
        let count = events.len();
        if !Crowd::concerns(count) {
            return Ok((self.convert(message, &events)?, None));
        }
        drop(events); // Waiting with them would be what the room is there to prevent.
        let room = self.crowd.room(count).await;
        Ok((self.convert(message, &read(message)?)?, room))
    }

    fn convert(&self, message: &Message, events: &[Event]) -> Result<Wanted, String> {
        let convert = |(event, id)| {
            self.filter
                .matches(event)
                .then(|| self.converter.convert(id, event))
                .transpose()
        };
        let wanted = events.iter().zip(ids(&message.id, events)).map(convert);
        let wanted = wanted.collect::<Result<Vec<_>, _>>();
        wanted.map_err(|error| service::error_line(&error))
    }

    async fn deliver_all(
        &self,
        message_id: &str,
        count: u32,
        outgoing: Wanted,
        delivered: &Delivered,
    ) -> Verdict {
        let mut taken = Vec::new();
        let mut wait: Option<Duration> = None;
        for index in starting_elsewhere(outgoing.len(), count) {
            let fate = match &outgoing[index] {
                None => self.counted(EventOutcome::Filtered, Fate::Taken),
                Some(_) if delivered.has(index) => self.counted(EventOutcome::Known, Fate::Taken),
                Some(outgoing) => self.deliver(message_id, count, outgoing).await,
            };
            match fate {
                Fate::Taken => taken.push(index),
                Fate::Later(later) => wait = wait.max(Some(later)),
                Fate::Silence(later) => {
                    wait = wait.max(Some(later));
                    break;
                }
            }
        }
        let Some(wait) = wait else {
            return Verdict::Delete;
        };
        if outgoing.len() > 1 {
            self.progress.keep(message_id, Delivered::Some(taken));
        }
        Verdict::ComeBack(wait)
    }

    async fn deliver(&self, message_id: &str, count: u32, outgoing: &Outgoing) -> Fate {
        let (id, trace) = (&outgoing.id, outgoing.trace_id());
        let failure = match self
            .attempt(Target::Sink, &self.sink, &outgoing.message)
            .await
        {
            Ok(()) => {
                debug!(ce.id = %id, trace.id = trace, mns.message.id = %message_id, "delivered `{id}`");
                return self.counted(EventOutcome::Accepted, Fate::Taken);
            }
            Err(failure) => failure,
        };
        let wait = self.delivery.wait(count, failure.retry_after);
        if failure.is_retryable() && !self.delivery.is_spent(count) {
            warn!(ce.id = %id, trace.id = trace, mns.message.id = %message_id, attempt = count, wait_s = wait.as_secs(), "event `{id}` is not delivered yet: {failure}");
            let fate = if failure.is_silence() {
                Fate::Silence
            } else {
                Fate::Later
            };
            return self.counted(EventOutcome::Postponed, fate(wait));
        }
        warn!(ce.id = %id, trace.id = trace, mns.message.id = %message_id, attempt = count, "giving up on event `{id}`: {failure}");
        let wait = self.delivery.wait_kept(count, failure.retry_after);
        let cause = Cause::refused(self.sink.address(), &failure);
        let letter = dead_letter(&outgoing.message, self.format, &cause);
        Box::pin(self.bury(id, letter, wait)).await
    }

    /// What cannot be read is not dropped: somebody may want to know what it was.
    async fn set_aside(&self, message: &Message, count: u32, reason: &str) -> Verdict {
        let id = &message.id;
        self.metrics.count_message(MessageOutcome::Unreadable);
        warn!(mns.message.id = %id, attempt = count, "message `{id}` holds no readable events: {reason}");
        let cause = Cause::unreadable(self.sink.address(), reason);
        let letter = unreadable_message(id, &self.queue_arn, &message.body, &cause);
        let wait = self.delivery.wait_kept(count, None);
        match Box::pin(self.bury(id, letter, wait)).await {
            Fate::Taken => Verdict::Delete,
            Fate::Later(wait) | Fate::Silence(wait) => Verdict::ComeBack(wait),
        }
    }

    /// Sends a dead letter, if there is somewhere to send it; else it stays in the queue.
    async fn bury(&self, id: &str, letter: Option<events::HttpMessage>, wait: Duration) -> Fate {
        let (Some(sink), Some(letter)) = (&self.dead_letter_sink, letter) else {
            warn!(ce.id = %id, wait_s = wait.as_secs(), "`{id}` stays in the queue until its retention ends: there is no dead letter sink");
            return self.counted(EventOutcome::Kept, Fate::Later(wait));
        };
        match self.attempt(Target::DeadLetterSink, sink, &letter).await {
            Ok(()) => self.counted(EventOutcome::DeadLettered, Fate::Taken),
            Err(failure) => {
                warn!(ce.id = %id, wait_s = wait.as_secs(), "`{id}` stays in the queue, the dead letter sink does not take it: {failure}");
                self.counted(EventOutcome::Kept, Fate::Later(wait))
            }
        }
    }

    async fn attempt(
        &self,
        target: Target,
        sink: &Sink,
        message: &events::HttpMessage,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        let sent = sink.send(message).await;
        self.metrics
            .count_attempt(target, result_of(&sent), started.elapsed());
        match &sent {
            Err(failure) if failure.is_retryable() => self.brake.press(),
            _ => self.brake.release(),
        }
        sent
    }

    fn counted(&self, outcome: EventOutcome, fate: Fate) -> Fate {
        self.metrics.count_events(outcome, 1);
        fate
    }
}

fn read(message: &Message) -> Result<Vec<Event>, String> {
    oss::event::parse(&message.body).map_err(|error| service::error_line(&error))
}

/// All positions, at each delivery from another one on: an event that is met with silence
/// every time must not keep those after it from ever being tried.
fn starting_elsewhere(len: usize, dequeue_count: u32) -> impl Iterator<Item = usize> {
    let start = (dequeue_count as usize - 1).checked_rem(len).unwrap_or(0);
    (start..len).chain(0..start)
}

fn result_of(sent: &Result<(), Failure>) -> AttemptResult {
    match sent {
        Ok(()) => AttemptResult::Accepted,
        Err(failure) => match failure.kind {
            FailureKind::Answered(_) if failure.is_retryable() => AttemptResult::Retryable,
            FailureKind::Answered(_) => AttemptResult::Refused,
            FailureKind::TimedOut(_) => AttemptResult::TimedOut,
            FailureKind::Unanswered(_) => AttemptResult::Unanswered,
        },
    }
}

/// Counts a message as in work, and a delivery that ended in a panic as abandoned.
struct InWork(Metrics);

impl InWork {
    fn new(metrics: &Metrics) -> Self {
        metrics.held.inc();
        Self(metrics.clone())
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.held.dec();
        if std::thread::panicking() {
            self.0.count_message(MessageOutcome::Abandoned);
        }
    }
}
