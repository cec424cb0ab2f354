//! A queue that many callers share: one lock, the journal, and the waiting receives.
//!
//! The lock is the queue's own and is never held across an `await`. What changes the queue
//! is written to the journal first, under the same lock.

use std::pin::pin;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::attributes::{POLLING_WAIT, QueueAttributes};
use super::handle::ReceiptHandle;
use super::message::{Draft, QueuedMessage};
use super::millis::Millis;
use super::name::Name;
use super::queue::{AfterReceive, Change, Counts, Queue, Stale};
use super::refusal::{Code, Refusal};
use super::state::{MnsState, QueueHead, Record};
use crate::journal::JournalError;
use crate::shared::Shared;

/// The shortest sleep of a waiting receive: timers are no finer than this.
const TICK: Duration = Duration::from_millis(1);

/// A queue that many callers use at once.
#[derive(Debug)]
pub(crate) struct QueueCell {
    name: Name,
    state: Mutex<State>,
    /// Woken once per message that becomes visible by a call, and all at once when the
    /// time of the next one to become visible by itself moves forward.
    arrivals: Notify,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    /// The queue was deleted while callers still held it.
    gone: bool,
}

/// Parameters of a receive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receive {
    /// At most so many messages.
    pub(crate) most: usize,
    /// Wait so long for the first, or as long as the queue says.
    pub(crate) wait_seconds: Option<u32>,
    /// Visibility of the messages afterwards.
    pub(crate) then: AfterReceive,
}

/// How a call on a queue went wrong.
#[derive(Debug)]
pub(crate) enum QueueError {
    /// The caller's doing.
    Refused(Refusal),
    /// The journal cannot be written.
    Journal(JournalError),
}

impl From<Code> for QueueError {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}

impl From<Refusal> for QueueError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Stale> for QueueError {
    fn from(stale: Stale) -> Self {
        Code::from(stale).into()
    }
}

impl From<JournalError> for QueueError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<Stale> for Code {
    fn from(stale: Stale) -> Self {
        match stale {
            Stale::Foreign => Self::ReceiptHandleError,
            Stale::Expired => Self::MessageNotExist,
        }
    }
}

impl QueueCell {
    /// Shares a queue.
    pub(crate) fn new(name: Name, queue: Queue) -> Self {
        let state = Mutex::new(State { queue, gone: false });
        Self {
            name,
            state,
            arrivals: Notify::new(),
        }
    }

    /// The queue's name.
    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// The record of the queue without its messages.
    pub(crate) fn record(&self) -> Record {
        self.head_record(&self.state.lock().queue)
    }

    /// Puts messages in, all or none.
    pub(crate) fn send(
        &self,
        shared: &Shared,
        drafts: Vec<Draft>,
    ) -> Result<Vec<QueuedMessage>, QueueError> {
        let now = now(shared);
        let mut state = self.alive()?;
        let change = state.queue.plan_send(drafts, now);
        self.commit(shared, &mut state.queue, change, now)
    }

    /// Takes messages, waiting for the first if there is none. The wait ends early with
    /// `closing`, as if it were over.
    ///
    /// # Cancel safety
    /// Messages are taken without an `await` after it: dropping the future before it is
    /// ready takes nothing.
    pub(crate) async fn receive(
        &self,
        shared: &Shared,
        ask: Receive,
        closing: &CancellationToken,
    ) -> Result<Vec<QueuedMessage>, QueueError> {
        let mut deadline = None;
        loop {
            let mut arrival = pin!(self.arrivals.notified());
            // From here on an arrival is noticed, so none is missed between the look and the wait.
            arrival.as_mut().enable();
            let (held, wake, wait) = self.try_receive(shared, ask)?;
            if !held.is_empty() {
                return Ok(held);
            }
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + wait);
            if Instant::now() >= deadline || closing.is_cancelled() {
                return Err(Code::MessageNotExist.into());
            }
            let wake = wake.map_or(deadline, |wake| deadline.min(Instant::now() + wake));
            // All arms are cancel-safe: a wake-up that was not seen goes to the next waiter.
            tokio::select! {
                () = arrival => {}
                () = closing.cancelled() => {}
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Shows messages that could be received.
    pub(crate) fn peek(
        &self,
        shared: &Shared,
        most: usize,
    ) -> Result<Vec<QueuedMessage>, QueueError> {
        let held = self.alive()?.queue.peek(most, now(shared));
        if held.is_empty() {
            Err(Code::MessageNotExist.into())
        } else {
            Ok(held)
        }
    }

    /// Deletes messages; says for each handle how that went.
    pub(crate) fn delete(
        &self,
        shared: &Shared,
        handles: &[ReceiptHandle],
    ) -> Result<Vec<Result<(), Stale>>, QueueError> {
        let now = now(shared);
        let mut state = self.alive()?;
        let (outcomes, change) = state.queue.plan_delete(handles, now);
        self.commit(shared, &mut state.queue, change, now)?;
        Ok(outcomes)
    }

    /// Hides a message for so long from now on under a new handle.
    pub(crate) fn change_visibility(
        &self,
        shared: &Shared,
        handle: ReceiptHandle,
        timeout_seconds: u32,
    ) -> Result<QueuedMessage, QueueError> {
        let now = now(shared);
        let mut state = self.alive()?;
        let change = state.queue.plan_visibility(handle, timeout_seconds, now)?;
        let held = self.commit(shared, &mut state.queue, change, now)?;
        held.into_iter()
            .next()
            .ok_or_else(|| Code::MessageNotExist.into())
    }

    /// Replaces the attributes by what `change` makes of them.
    pub(crate) fn set_attributes(
        &self,
        shared: &Shared,
        change: impl FnOnce(&QueueAttributes) -> QueueAttributes,
    ) -> Result<(), QueueError> {
        let now = now(shared);
        let mut state = self.alive()?;
        let before = (state.queue.attributes().clone(), state.queue.modified());
        let attributes = change(&before.0);
        state.queue.set_attributes(attributes, now);
        let kept = shared
            .journal
            .append::<MnsState>(&self.head_record(&state.queue));
        if kept.is_err() {
            state.queue.set_attributes(before.0, before.1);
        }
        Ok(kept?)
    }

    /// The attributes in force.
    pub(crate) fn attributes(&self) -> QueueAttributes {
        self.state.lock().queue.attributes().clone()
    }

    /// Everything the queue tells about itself.
    pub(crate) fn status(&self, shared: &Shared) -> Result<Status, QueueError> {
        let mut state = self.alive()?;
        let queue = &mut state.queue;
        Ok(Status {
            attributes: queue.attributes().clone(),
            created: queue.created(),
            modified: queue.modified(),
            counts: queue.counts(now(shared)),
        })
    }

    /// Ends the queue for every caller that still holds it.
    pub(crate) fn end(&self) {
        self.state.lock().gone = true;
        self.arrivals.notify_waiters();
    }

    /// One look: what was taken, else when to look again and how long to go on.
    fn try_receive(
        &self,
        shared: &Shared,
        ask: Receive,
    ) -> Result<(Vec<QueuedMessage>, Option<Duration>, Duration), QueueError> {
        let now = now(shared);
        let mut state = self.alive()?;
        let queue = &mut state.queue;
        let change = queue.plan_receive(ask.most, ask.then, now);
        let held = self.commit(shared, queue, change, now)?;
        let wake = queue.next_visible().map(|next| next.since(now).max(TICK));
        let wait = ask
            .wait_seconds
            .unwrap_or(queue.attributes().polling_wait_seconds);
        Ok((held, wake, Duration::from_secs(wait.into())))
    }

    fn commit(
        &self,
        shared: &Shared,
        queue: &mut Queue,
        change: Change,
        now: Millis,
    ) -> Result<Vec<QueuedMessage>, QueueError> {
        if change.is_empty() {
            return Ok(Vec::new());
        }
        let record = Record::InQueue {
            queue: queue.id(),
            change,
        };
        shared.journal.append::<MnsState>(&record)?;
        let Record::InQueue { change, .. } = record else {
            return Ok(Vec::new());
        };
        let next_visible = queue.next_visible();
        let held = queue.apply(change, now);
        self.wake(&held, next_visible, queue.next_visible(), now);
        Ok(held)
    }

    /// Wakes as many waiting receives as messages became visible. If a message is going to
    /// become visible earlier than any before it, and while somebody may still be waiting,
    /// all must set their alarms anew.
    fn wake(
        &self,
        held: &[QueuedMessage],
        before: Option<Millis>,
        after: Option<Millis>,
        now: Millis,
    ) {
        let visible = |held: &&QueuedMessage| held.message.delivery.visible_at <= now;
        held.iter()
            .filter(visible)
            .for_each(|_| self.arrivals.notify_one());
        let horizon = now.plus_seconds(*POLLING_WAIT.end());
        let earlier = |after: Millis| after < horizon && before.is_none_or(|before| after < before);
        if after.is_some_and(earlier) {
            self.arrivals.notify_waiters();
        }
    }

    fn head_record(&self, queue: &Queue) -> Record {
        Record::Queue {
            name: self.name.clone(),
            head: QueueHead::of(queue),
        }
    }

    fn alive(&self) -> Result<MutexGuard<'_, State>, QueueError> {
        let state = self.state.lock();
        if state.gone {
            Err(Code::QueueNotExist.into())
        } else {
            Ok(state)
        }
    }
}

/// Attributes, times and counts of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) attributes: QueueAttributes,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
    pub(crate) counts: Counts,
}

/// The time, as queues count it.
pub(crate) fn now(shared: &Shared) -> Millis {
    shared.clock.now().into()
}

#[cfg(test)]
mod tests;
