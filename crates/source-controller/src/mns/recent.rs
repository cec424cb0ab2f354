//! What was observed in MNS within the last seconds.
//!
//! MNS tells nobody when something changes, so every reconcile asks it. During a rollout a
//! source is reconciled many times within seconds, and MNS limits calls; so a reconcile
//! shortly after one that asked goes by the same answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use source_api::MnsOssSource;
use tokio::time::Instant;

use super::ObservedMns;

/// For how long an observation is used; less if regular reconciles come oftener.
const FRESH: Duration = Duration::from_secs(20);

/// What an observation was made for. It is of no use to a source that has changed since, or
/// whose Secret has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObservationKey {
    generation: Option<i64>,
    secret_version: Option<String>,
}

/// Observations, by uid of the source.
#[derive(Debug)]
pub(crate) struct RecentObservations {
    fresh: Duration,
    entries: Mutex<HashMap<String, (ObservationKey, Instant, ObservedMns)>>,
}

impl ObservationKey {
    pub(crate) fn new(source: &MnsOssSource, secret_version: Option<&str>) -> Self {
        Self {
            generation: source.metadata.generation,
            secret_version: secret_version.map(str::to_owned),
        }
    }
}

impl RecentObservations {
    /// Holds nothing yet, and nothing until the next regular reconcile.
    pub(crate) fn new(resync: Duration) -> Self {
        Self {
            fresh: FRESH.min(resync / 2),
            entries: Mutex::default(),
        }
    }

    pub(super) fn keep(&self, uid: &str, key: ObservationKey, observed: &ObservedMns) {
        let entry = (key, Instant::now(), observed.clone());
        self.lock().insert(uid.to_owned(), entry);
    }

    pub(super) fn get(&self, uid: &str, key: &ObservationKey) -> Option<ObservedMns> {
        let entries = self.lock();
        let (kept_for, since, observed) = entries.get(uid)?;
        (kept_for == key && since.elapsed() < self.fresh).then(|| observed.clone())
    }

    /// Forgets a source that is gone, or whose resources in MNS are about to change.
    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (ObservationKey, Instant, ObservedMns)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
