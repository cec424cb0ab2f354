//! The backlog of a queue, for the gauges at `/metrics` and for KEDA.

use std::time::Duration;

use jiff::Timestamp;
use mns::{BatchSize, QueueName};

use super::{Account, MnsProblem, MnsResource};

/// The messages in a queue.
///
/// The counters are approximate, and MNS has announced that it will stop keeping them: they will
/// then be zero. Peeked messages do not depend on the counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Messages that can be received, by the counter.
    pub active: u64,
    /// Messages that were received and are not deleted yet, by the counter.
    pub in_flight: u64,
    /// The peeked messages; an error if the key may not peek.
    pub peeked: Result<PeekedMessages, MnsProblem>,
}

/// Messages that were peeked; there may be more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeekedMessages {
    /// How many.
    pub count: u64,
    /// When the first of them was sent, if it says so.
    pub first_enqueued: Option<Timestamp>,
}

impl Backlog {
    /// Queries the counters, and peeks at the next message; if the counters are zero, at a whole
    /// batch.
    ///
    /// Messages that were sent with a delay are not counted yet: they cannot be received.
    ///
    /// # Errors
    /// See [`MnsProblem::disposition`]. A refusal to peek alone is no error.
    pub async fn query(account: &Account, name: &QueueName) -> Result<Self, MnsProblem> {
        let queue = account.queue(name);
        let status = account.call(MnsResource::Queue, queue.attributes()).await?;
        let active = status.active_messages.unwrap_or_default();
        let in_flight = status.inactive_messages.unwrap_or_default();
        let next = if active.saturating_add(in_flight) > 0 {
            let next = account.call(MnsResource::Queue, queue.peek()).await;
            next.map(|next| next.into_iter().collect())
        } else {
            let peeked = queue.peek_batch(BatchSize::MAX);
            account.call(MnsResource::Queue, peeked).await
        };
        let peeked = next.map(|messages| PeekedMessages {
            count: u64::try_from(messages.len()).unwrap_or(u64::MAX),
            first_enqueued: messages.first().and_then(|message| message.enqueue_time),
        });
        Ok(Self {
            active,
            in_flight,
            peeked,
        })
    }

    /// Approximate number of messages that can be received.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let peeked = self.peeked.as_ref().map_or(0, |peeked| peeked.count);
        self.active.max(peeked)
    }

    /// Age of the next message: zero if there is none, and `None` if it is not known.
    #[must_use]
    pub fn next_message_age(&self) -> Option<Duration> {
        let peeked = self.peeked.as_ref().ok()?;
        // Zero if the clock of MNS is ahead.
        let age = |enqueued| {
            let age = Timestamp::now().duration_since(enqueued);
            age.try_into().unwrap_or_default()
        };
        Some(peeked.first_enqueued.map_or(Duration::ZERO, age))
    }
}
