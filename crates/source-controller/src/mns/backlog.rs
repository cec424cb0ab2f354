//! What waits in a queue: asked in one way for the gauges at `/metrics` and for KEDA.

use std::time::Duration;

use jiff::Timestamp;
use mns::{BatchSize, QueueName};

use super::{Account, MnsProblem, MnsResource};

/// What was found in a queue.
///
/// The counters are approximate, and MNS says that it will stop to keep them: they will then be
/// zero. What can be seen counts in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Messages that can be received, by the counter.
    pub active: u64,
    /// Messages that somebody has received and not deleted yet, by the counter.
    pub in_work: u64,
    /// What can be seen; not known to a key that may not peek.
    pub seen: Result<Seen, MnsProblem>,
}

/// Messages that can be seen, at least so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many.
    pub count: u64,
    /// When the first of them was sent, as far as it says so.
    pub first_enqueued: Option<Timestamp>,
}

impl Backlog {
    /// Asks for the counters, and for the next message. If there is nothing by the counters, as
    /// many messages are asked for as one answer may hold.
    ///
    /// Messages that were sent with a delay are no backlog yet: nobody can work on them.
    ///
    /// # Errors
    /// See [`MnsProblem::disposition`]. A refusal to peek alone is none.
    pub async fn ask(account: &Account, name: &QueueName) -> Result<Self, MnsProblem> {
        let queue = account.queue(name);
        let status = account.call(MnsResource::Queue, queue.attributes()).await?;
        let active = status.active_messages.unwrap_or_default();
        let in_work = status.inactive_messages.unwrap_or_default();
        let next = if active.saturating_add(in_work) > 0 {
            let next = account.call(MnsResource::Queue, queue.peek()).await;
            next.map(|next| next.into_iter().collect())
        } else {
            let peeked = queue.peek_batch(BatchSize::MAX);
            account.call(MnsResource::Queue, peeked).await
        };
        let seen = next.map(|messages| Seen {
            count: u64::try_from(messages.len()).unwrap_or(u64::MAX),
            first_enqueued: messages.first().and_then(|message| message.enqueue_time),
        });
        Ok(Self {
            active,
            in_work,
            seen,
        })
    }

    /// Messages that can be received, about.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let seen = self.seen.as_ref().map_or(0, |seen| seen.count);
        self.active.max(seen)
    }

    /// How long the next message has been there: no time if there is none, and `None` if nobody
    /// knows.
    #[must_use]
    pub fn next_message_age(&self) -> Option<Duration> {
        let seen = self.seen.as_ref().ok()?;
        // Nothing if the clock of MNS is ahead.
        let age = |enqueued| {
            let age = Timestamp::now().duration_since(enqueued);
            age.try_into().unwrap_or_default()
        };
        Some(seen.first_enqueued.map_or(Duration::ZERO, age))
    }
}
