//! Which requests a proxy treats badly, and how.
//!
//! A fault counts when it did what it is called, not when it was meant to: a response can only
//! be lost where there was one.

use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// The fault that one request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyFault {
    /// Respond with this status; the upstream hears nothing of it.
    Respond(StatusCode),
    /// Close the connection; the upstream hears nothing of it.
    Drop,
    /// Pass the request on and close the connection.
    DropResponse,
    /// Pass the request on and break off in the middle of the response.
    TruncateResponse,
    /// Pass the request on twice at the same time.
    Duplicate,
    /// Pass the request on and keep the response for so long.
    DelayResponse(Duration),
}

/// The fault in force, if any. At most one at a time.
#[derive(Debug, Default)]
pub struct FaultInjector(Mutex<Option<Active>>);

#[derive(Debug)]
struct Active {
    fault: ProxyFault,
    probability: f64,
    rng: StdRng,
    injected: u64,
}

impl FaultInjector {
    /// From now on `fault` is injected into each request with this probability, 0 to 1.
    pub fn begin(&self, fault: ProxyFault, probability: f64, seed: u64) {
        *self.0.lock() = Some(Active {
            fault,
            probability,
            rng: StdRng::seed_from_u64(seed),
            injected: 0,
        });
    }

    /// Ends the fault and tells how often it was injected.
    pub fn end(&self) -> u64 {
        self.0.lock().take().map_or(0, |active| active.injected)
    }

    /// How often the fault in force was injected so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.lock().as_ref().map_or(0, |active| active.injected)
    }

    /// The fault for the next request.
    pub(super) fn next(&self) -> Option<ProxyFault> {
        let mut active = self.0.lock();
        let active = active.as_mut()?;
        let is_met = active.rng.random_bool(active.probability);
        is_met.then_some(active.fault)
    }

    /// A request met the fault. Nothing counts once it has ended.
    pub(super) fn injected(&self, fault: ProxyFault) {
        let mut active = self.0.lock();
        if let Some(active) = active.as_mut().filter(|active| active.fault == fault) {
            active.injected += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DROP: Option<ProxyFault> = Some(ProxyFault::Drop);

    #[test]
    fn a_fault_meets_requests_while_it_is_in_force() {
        let faults = FaultInjector::default();
        assert_eq!(faults.next(), None);
        faults.begin(ProxyFault::Drop, 1.0, 0);
        assert_eq!((faults.next(), faults.next()), (DROP, DROP));
        assert_eq!((faults.next(), faults.end()), (DROP, 0));
        assert_eq!((faults.next(), faults.end()), (None, 0));
    }

    #[test]
    fn a_fault_counts_when_it_was_injected() {
        let faults = FaultInjector::default();
        faults.injected(ProxyFault::Drop);
        faults.begin(ProxyFault::Drop, 1.0, 0);
        faults.injected(ProxyFault::Duplicate);
        assert_eq!(faults.count(), 0, "the one before it");
        faults.injected(ProxyFault::Drop);
        assert_eq!((faults.count(), faults.end()), (1, 1));
        assert_eq!(faults.count(), 0, "it has ended");
    }
}
