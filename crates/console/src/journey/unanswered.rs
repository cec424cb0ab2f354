//! Since when the face service has answered nothing.

use jiff::{SignedDuration, Timestamp};

/// A Broker gives an event up after about this time. It may not say so, and nothing waits then.
const MOST: SignedDuration = SignedDuration::from_mins(20);

/// The deliveries that nothing has answered.
#[derive(Debug, Default)]
pub(super) struct Unanswered(Option<Span>);

#[derive(Debug, Clone, Copy)]
struct Span {
    first: Timestamp,
    last: Timestamp,
}

impl Unanswered {
    /// The event of a photo was delivered, perhaps once more.
    pub(super) fn delivered(&mut self, now: Timestamp) {
        let first = self.0.map_or(now, |span| span.first);
        self.0 = Some(Span { first, last: now });
    }

    /// The face service answered, about whatever photo.
    pub(super) fn answered(&mut self) {
        self.0 = None;
    }

    /// The first delivery after the last answer, while an answer can be expected.
    pub(super) fn since(&self, now: Timestamp) -> Option<Timestamp> {
        let span = self.0.filter(|span| now.duration_since(span.last) < MOST);
        span.map(|span| span.first)
    }
}
