//! How often each fault happened.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::fault::Fault;

/// How often one kind of fault happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Times that it was injected.
    pub(crate) injected: u64,
    /// Calls, processes or photos that it struck, as far as is known.
    pub(crate) struck: u64,
}

/// Counts by kind.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<Fault, Count>>);

impl Counts {
    /// A fault was injected once and struck so often.
    pub(crate) fn add(&self, fault: Fault, struck: u64) {
        let mut counts = self.0.lock();
        let count = counts.entry(fault).or_default();
        count.injected += 1;
        count.struck += struck;
    }

    /// Whether the fault ever struck anything.
    pub(crate) fn has_struck(&self, fault: Fault) -> bool {
        let counts = self.0.lock();
        counts.get(&fault).is_some_and(|count| count.struck > 0)
    }

    /// All counts.
    pub(crate) fn all(&self) -> BTreeMap<Fault, Count> {
        self.0.lock().clone()
    }
}
