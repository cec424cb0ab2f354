//! Misbehaviour on request.
//!
//! A fault names what it strikes and what goes wrong; [`Faults::inject`] decides, call by
//! call, which of them hit. Chances come from a seeded generator of the fault's own, so
//! a run can be repeated. This module decides only: [`crate::gate`] makes it happen.

use std::time::Duration;

use http::StatusCode;
use jiff::SignedDuration;
use parking_lot::{Mutex, MutexGuard};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Service};

/// One misbehaviour, as the admin API takes and shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The service it strikes.
    pub service: Service,
    /// The operation it strikes; `*` for every operation of the service.
    pub operation: String,
    /// The kind of misbehaviour.
    #[serde(flatten)]
    pub kind: Kind,
    /// How many calls it strikes before it is used up; without it, any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How likely it strikes a call, 0 to 1; without it, every call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Seed of its chances; without it, one derived from the emulator's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// A kind of misbehaviour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// The call waits before anything else happens to it.
    Latency {
        /// How long, in milliseconds.
        latency_ms: u64,
    },
    /// The service answers with an error of its own form and does nothing.
    Error {
        /// HTTP status, 400 to 599.
        status: u16,
        /// Error code.
        code: String,
    },
    /// The connection is closed without an answer.
    Drop {
        /// Do what was asked first, so that only the answer is lost.
        #[serde(default)]
        after: bool,
    },
    /// The operation is done, half the answer's body is sent, and the connection closed.
    Truncate,
    /// MNS only: what was received stays visible, so it is delivered again. Strikes receives
    /// alone, and counts those that brought something.
    Duplicate,
    /// The service's clock is off by this much while it checks the request.
    Skew {
        /// How far ahead the clock is, in seconds; negative for behind.
        skew_seconds: i64,
    },
}

/// Why a fault was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// No chance at all, or more than certain.
    #[error("`probability` must lie between 0 and 1, not `{0}`")]
    Probability(f64),
    /// Not an error status.
    #[error("`status` must lie between 400 and 599, not `{0}`")]
    Status(u16),
    /// Only a receive can deliver twice.
    #[error("`duplicate` strikes `mns` only, not `{0}`")]
    Duplicate(Service),
}

/// A fault that was accepted, with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Installed {
    /// Names the fault in the admin API.
    pub id: u64,
    /// Calls struck so far.
    pub struck: u64,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
}

/// All faults that strike one call, taken together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Injection {
    /// Wait this long first. Several latencies add up.
    pub latency: Duration,
    /// Answer with this error instead of doing anything; the first that struck.
    pub error: Option<(StatusCode, String)>,
    /// Close the connection; the earliest moment that struck.
    pub drop_point: Option<DropPoint>,
    /// Leave what is received visible: the fault that wants it, to be told if anything was.
    pub duplicate: Option<u64>,
    /// How far the clock that checks the request is off. Several skews add up.
    pub skew: SignedDuration,
    /// How many faults struck.
    pub count: u64,
}

/// When a connection is closed. Later ones are less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropPoint {
    /// In the middle of the answer.
    MidResponse,
    /// When the work is done, without an answer.
    AfterHandling,
    /// Before anything is done.
    BeforeHandling,
}

/// The operations of MNS that hand messages out.
const RECEIVES: [&str; 2] = ["ReceiveMessage", "BatchReceiveMessage"];

/// The faults in force.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    active: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    installed: Installed,
    chances: StdRng,
}

impl Faults {
    /// No faults yet. `seed` makes the chances of later ones repeatable.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            state: Mutex::default(),
        }
    }

    /// Puts a fault into force.
    ///
    /// # Errors
    /// When it can never strike or makes no sense for its service.
    pub fn add(&self, fault: Fault) -> Result<Installed, FaultError> {
        check(&fault)?;
        let mut state = self.lock();
        state.next_id += 1;
        let id = state.next_id;
        let seed = fault.seed.unwrap_or_else(|| self.seed.wrapping_add(id));
        let installed = Installed {
            id,
            struck: 0,
            fault,
        };
        let chances = StdRng::seed_from_u64(seed);
        state.active.push(Active {
            installed: installed.clone(),
            chances,
        });
        Ok(installed)
    }

    /// All faults in force, also used up ones, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Installed> {
        self.lock()
            .active
            .iter()
            .map(|active| active.installed.clone())
            .collect()
    }

    /// Ends one fault; `false` if there is none of that id.
    pub fn remove(&self, id: u64) -> bool {
        let mut state = self.lock();
        let before = state.active.len();
        state.active.retain(|active| active.installed.id != id);
        state.active.len() < before
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.lock().active.clear();
    }

    /// Decides what happens to one call, and uses up what struck it.
    pub fn inject(&self, call: Call) -> Injection {
        let mut injection = Injection::default();
        for active in &mut self.lock().active {
            if active.hits(call) {
                injection.add(&active.installed);
            }
        }
        injection
    }

    /// Something was received and left visible, as this fault wanted it.
    pub fn duplicated(&self, id: u64) {
        let mut state = self.lock();
        // It may have ended while the receive waited.
        if let Some(active) = state.active.iter_mut().find(|it| it.installed.id == id) {
            active.installed.struck += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Active {
    fn hits(&mut self, call: Call) -> bool {
        let Installed { fault, struck, .. } = &mut self.installed;
        let is_duplicate = matches!(fault.kind, Kind::Duplicate);
        let named = fault.service == call.service
            && (fault.operation == "*" || fault.operation == call.operation)
            && (!is_duplicate || RECEIVES.contains(&call.operation));
        let left = fault.times.is_none_or(|times| *struck < times);
        let hit = named
            && left
            && fault
                .probability
                .is_none_or(|chance| self.chances.random_bool(chance));
        *struck += u64::from(hit && !is_duplicate);
        hit
    }
}

impl Injection {
    fn add(&mut self, installed: &Installed) {
        self.count += 1;
        match &installed.fault.kind {
            Kind::Latency { latency_ms } => self.latency += Duration::from_millis(*latency_ms),
            Kind::Error { status, code } => {
                let status =
                    StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                self.error.get_or_insert((status, code.clone()));
            }
            Kind::Drop { after: false } => self.drop_point = Some(DropPoint::BeforeHandling),
            Kind::Drop { after: true } => {
                self.drop_point = self.drop_point.max(Some(DropPoint::AfterHandling));
            }
            Kind::Truncate => self.drop_point = self.drop_point.max(Some(DropPoint::MidResponse)),
            Kind::Duplicate => self.duplicate = Some(installed.id),
            Kind::Skew { skew_seconds } => {
                self.skew = self
                    .skew
                    .saturating_add(SignedDuration::from_secs(*skew_seconds));
            }
        }
    }
}

fn check(fault: &Fault) -> Result<(), FaultError> {
    match (&fault.kind, fault.probability) {
        (_, Some(chance)) if !(0.0..=1.0).contains(&chance) => Err(FaultError::Probability(chance)),
        (Kind::Error { status, .. }, _) if !(400..600).contains(status) => {
            Err(FaultError::Status(*status))
        }
        (Kind::Duplicate, _) if fault.service != Service::Mns => {
            Err(FaultError::Duplicate(fault.service))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
