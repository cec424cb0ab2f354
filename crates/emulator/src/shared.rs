//! The state that all emulated services share. Each service keeps its own state elsewhere.

use std::sync::Arc;

use crate::captures::Captures;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::keys::Keys;
use crate::limits::Throttle;
use crate::settings::Settings;
use crate::stats::Stats;
use crate::sts::identities::Identities;

/// The state that all services share.
#[derive(Debug)]
pub struct Shared {
    /// Region, account and limits.
    pub settings: Settings,
    /// The clock.
    pub clock: Clock,
    /// The credentials that are accepted.
    pub keys: Keys,
    /// Identity providers and roles: who gets credentials from STS.
    pub identities: Identities,
    /// The misbehaviour asked for.
    pub faults: Faults,
    /// The limits asked for, and calls against them.
    pub throttle: Throttle,
    /// Counts of calls and responses.
    pub stats: Stats,
    /// The journal, which survives a restart.
    pub journal: Journal,
    /// The last requests, when they are kept.
    pub captures: Captures,
}

impl Shared {
    /// Everything at its start: no faults, no counts, what `journal` recovered.
    #[must_use]
    pub fn new(settings: Settings, clock: Clock, keys: Keys, journal: Journal) -> Arc<Self> {
        Arc::new(Self {
            faults: Faults::new(settings.seed),
            throttle: Throttle::default(),
            stats: Stats::default(),
            identities: Identities::new(settings.account.clone()),
            captures: Captures::new(settings.capture),
            settings,
            clock,
            keys,
            journal,
        })
    }
}
