//! Counts of what was asked and what was answered, for tests that must know how often
//! something really happened. Counts only; nothing here changes an answer.

use std::collections::BTreeMap;

use http::StatusCode;
use parking_lot::Mutex;
use serde::Serialize;

use crate::call::{Call, Service};

/// Counts since the start, by service and operation.
#[derive(Debug, Default)]
pub struct Stats(Mutex<Counts>);

type Counts = BTreeMap<Service, BTreeMap<&'static str, Tally>>;

/// Outcomes of the calls of one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Calls that arrived, also those still being answered.
    pub calls: u64,
    /// Answers by status, also answers that a fault made.
    pub answers: BTreeMap<u16, u64>,
    /// Calls whose connection was closed instead of an answer, on request of a fault.
    pub dropped: u64,
    /// Faults of any kind that struck.
    pub faults: u64,
}

impl Stats {
    /// Counts a call that arrived and the faults that will strike it.
    pub fn arrived(&self, call: Call, faults: u64) {
        self.tally(call, |tally| {
            tally.calls += 1;
            tally.faults += faults;
        });
    }

    /// Counts an answer.
    pub fn answered(&self, call: Call, status: StatusCode) {
        self.tally(call, |tally| {
            *tally.answers.entry(status.as_u16()).or_default() += 1;
        });
    }

    /// Counts a call that gets no answer.
    pub fn dropped(&self, call: Call) {
        self.tally(call, |tally| tally.dropped += 1);
    }

    /// A copy of all counts, in stable order.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<Service, BTreeMap<&'static str, Tally>> {
        self.0.lock().clone()
    }

    fn tally(&self, call: Call, change: impl FnOnce(&mut Tally)) {
        let mut counts = self.0.lock();
        change(
            counts
                .entry(call.service)
                .or_default()
                .entry(call.operation)
                .or_default(),
        );
    }
}
