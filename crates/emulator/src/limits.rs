//! How many calls a second MNS and OSS take, where the admin API asks for such limits.
//!
//! Calls are counted from the start of a second to its end; then the count begins anew. A call
//! that is refused is not counted. How the services themselves divide time is not published.

use std::collections::HashMap;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// Limits per second, as the admin API takes and shows them. One that is absent is off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls to each queue.
    pub queue: Option<u32>,
    /// Calls to each topic.
    pub topic: Option<u32>,
    /// What the account does at MNS, in the service's own count: a batch that is sent or received
    /// counts once for each of its messages, and any other call once.
    pub mns: Option<u32>,
    /// Requests to each bucket.
    pub bucket: Option<u32>,
}

/// What a call is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A queue of this name.
    Queue(String),
    /// A topic of this name.
    Topic(String),
    /// The account at MNS.
    Mns,
    /// A bucket of this name.
    Bucket(String),
}

impl Limits {
    fn of(&self, scope: &Scope) -> Option<u32> {
        match scope {
            Scope::Queue(_) => self.queue,
            Scope::Topic(_) => self.topic,
            Scope::Mns => self.mns,
            Scope::Bucket(_) => self.bucket,
        }
    }
}

/// Counts calls and says which are too many.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    limits: Limits,
    /// The first call since the limits were set. Seconds are counted from here.
    first: Option<Instant>,
    second: u64,
    counts: HashMap<Scope, u32>,
}

impl Throttle {
    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.0.lock().limits
    }

    /// Puts other limits into force. The first second begins with the next call.
    pub fn set(&self, limits: Limits) {
        *self.0.lock() = State {
            limits,
            ..State::default()
        };
    }

    /// Whether a call that counts so much in each of these scopes is within the limits. It is
    /// counted then. The last one of a second may count for more than is left.
    pub fn admits<const N: usize>(&self, charges: impl FnOnce() -> [(Scope, u32); N]) -> bool {
        if self.limits() == Limits::default() {
            return true;
        }
        let charges = charges();
        let mut state = self.0.lock();
        let now = Instant::now();
        let second = (now - *state.first.get_or_insert(now)).as_secs();
        if second != state.second {
            state.second = second;
            state.counts.clear();
        }
        let is_free = |(scope, _): &(Scope, u32)| {
            let counted = state.counts.get(scope).copied().unwrap_or_default();
            state.limits.of(scope).is_none_or(|limit| counted < limit)
        };
        if !charges.iter().all(is_free) {
            return false;
        }
        for (scope, count) in charges {
            *state.counts.entry(scope).or_default() += count;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn queue(name: &str) -> Scope {
        Scope::Queue(name.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn each_second_has_its_calls() {
        let throttle = Throttle::default();
        let admitted = |scope: &Scope| {
            let calls = (0..5).filter(|_| throttle.admits(|| [(scope.clone(), 1)]));
            calls.count()
        };
        assert_eq!(admitted(&queue("q")), 5, "no limit");
        throttle.set(Limits {
            queue: Some(3),
            ..Limits::default()
        });
        for _ in 0..2 {
            assert_eq!(admitted(&queue("q")), 3);
            assert_eq!(admitted(&queue("q")), 0);
            assert_eq!(admitted(&queue("r")), 3, "another queue");
            assert_eq!(admitted(&Scope::Mns), 5, "of which there is no limit");
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        throttle.set(Limits::default());
        assert_eq!(admitted(&queue("q")), 5, "no limit any more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_counts_for_its_messages_where_messages_are_counted() {
        let throttle = Throttle::default();
        throttle.set(Limits {
            queue: Some(10),
            mns: Some(33),
            ..Limits::default()
        });
        let receive = || throttle.admits(|| [(queue("q"), 1), (Scope::Mns, 16)]);
        let admitted: Vec<_> = (0..4).map(|_| receive()).collect();
        assert_eq!(admitted, [true, true, true, false], "32 are below 33");
        assert!(!throttle.admits(|| [(Scope::Mns, 1)]));
    }
}
