//! The ledger of a run: what was uploaded, and what went through the sink and the face API.
//!
//! Uploads and proxies write into it; the report reads it at the end. It decides one thing by
//! itself: whether a duplicate was recognised, which is known the moment it costs a face API
//! call.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

/// A version of a photo: its key and its `ETag`.
pub(crate) type VersionId = (String, String);

/// The ledger of a run so far. Shared by all writers.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// By key, the version whose upload began last.
    newest: BTreeMap<String, String>,
    stored: BTreeSet<VersionId>,
    events: BTreeMap<String, Event>,
    /// Versions of which an event was accepted while they were the newest.
    settled: BTreeSet<VersionId>,
    analyses: BTreeMap<VersionId, u64>,
    unrecognised: Vec<String>,
    notes: Vec<String>,
}

#[derive(Debug, Default)]
struct Event {
    version: Option<VersionId>,
    deliveries: u64,
    is_accepted: bool,
    duplicates: u64,
}

/// Totals of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    /// Versions that OSS took.
    pub(crate) stored: usize,
    /// Different events that the sink took.
    pub(crate) events: usize,
    /// Versions that OSS took and no event of which the sink ever took.
    pub(crate) unannounced: Vec<String>,
    /// Requests with events that arrived at the sink.
    pub(crate) deliveries: u64,
    /// Of these, those of events that had been taken before.
    pub(crate) duplicates: u64,
    /// Face API calls for a version whose event had been taken already.
    pub(crate) unrecognised: Vec<String>,
    /// Answers of the face API in full.
    pub(crate) analyses: u64,
    /// Versions for which there was more than one of them.
    pub(crate) analysed_twice: usize,
    /// Other mistakes.
    pub(crate) notes: Vec<String>,
}

/// The photo of a face API call, as far as it was known when the call came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Analysis {
    version: VersionId,
    /// An event of this version had been taken already: nothing was left to analyse.
    is_needless: bool,
}

impl Ledger {
    /// An upload begins; it may take effect at any time from now on.
    pub(crate) fn begun(&self, key: &str, etag: &str) {
        self.0.lock().newest.insert(key.to_owned(), etag.to_owned());
    }

    /// OSS took an upload.
    pub(crate) fn stored(&self, key: &str, etag: &str) {
        self.0.lock().stored.insert(version(key, etag));
    }

    /// A request with an event arrives at the sink.
    pub(crate) fn delivered(&self, id: &str, key: &str, etag: &str) {
        let mut entries = self.0.lock();
        let event = entries.events.entry(id.to_owned()).or_default();
        event.version = Some(version(key, etag));
        event.deliveries += 1;
        event.duplicates += u64::from(event.is_accepted);
    }

    /// The sink took an event.
    pub(crate) fn accepted(&self, id: &str) {
        let mut entries = self.0.lock();
        let Some(event) = entries.events.get_mut(id) else {
            return;
        };
        event.is_accepted = true;
        let Some((key, etag)) = event.version.clone() else {
            return;
        };
        if entries.newest.get(&key) == Some(&etag) {
            entries.settled.insert((key, etag));
        }
    }

    /// A face API call for a photo arrives, of its newest version unless `etag` says which.
    /// Hand the result to [`analysed`](Self::analysed) once the answer was read in full.
    #[must_use]
    pub(crate) fn asked(&self, key: &str, etag: Option<&str>) -> Analysis {
        let entries = self.0.lock();
        let newest = || entries.newest.get(key).map_or("", String::as_str);
        let version = version(key, etag.unwrap_or_else(newest));
        Analysis {
            is_needless: entries.settled.contains(&version),
            version,
        }
    }

    /// The face API answered in full.
    pub(crate) fn analysed(&self, analysis: Analysis) {
        let mut entries = self.0.lock();
        let Analysis {
            version,
            is_needless,
        } = analysis;
        if is_needless {
            entries.unrecognised.push(version.0.clone());
        }
        *entries.analyses.entry(version).or_default() += 1;
    }

    /// Whether an event of each version that OSS took has been taken, and nothing is under way.
    #[must_use]
    pub(crate) fn is_quiet(&self) -> bool {
        let entries = self.0.lock();
        entries.unannounced().next().is_none()
    }

    /// Something happened that should not have.
    pub(crate) fn note(&self, text: String) {
        self.0.lock().notes.push(text);
    }

    /// Adds everything up.
    #[must_use]
    pub(crate) fn totals(&self) -> Totals {
        let entries = self.0.lock();
        Totals {
            stored: entries.stored.len(),
            events: entries.accepted().count(),
            unannounced: entries.unannounced().map(|(key, _)| key.clone()).collect(),
            deliveries: entries.events.values().map(|event| event.deliveries).sum(),
            duplicates: entries.events.values().map(|event| event.duplicates).sum(),
            unrecognised: entries.unrecognised.clone(),
            analyses: entries.analyses.values().sum(),
            analysed_twice: entries
                .analyses
                .values()
                .filter(|&&times| times > 1)
                .count(),
            notes: entries.notes.clone(),
        }
    }
}

impl Entries {
    fn accepted(&self) -> impl Iterator<Item = &Event> {
        self.events.values().filter(|event| event.is_accepted)
    }

    /// Versions that OSS took and no event of which was accepted.
    fn unannounced(&self) -> impl Iterator<Item = &VersionId> {
        let announced: BTreeSet<_> = self.accepted().filter_map(|e| e.version.as_ref()).collect();
        self.stored.iter().filter(move |v| !announced.contains(v))
    }
}

fn version(key: &str, etag: &str) -> VersionId {
    (key.to_owned(), etag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uploaded(ledger: &Ledger, key: &str, etag: &str) {
        ledger.begun(key, etag);
        ledger.stored(key, etag);
    }

    #[test]
    fn an_event_that_never_arrives_is_missed() {
        let ledger = Ledger::default();
        uploaded(&ledger, "a", "1");
        uploaded(&ledger, "b", "1");
        ledger.delivered("ea", "a", "1");
        ledger.accepted("ea");
        ledger.delivered("eb", "b", "1");
        assert_eq!(ledger.totals().unannounced, ["b"]);
        assert!(!ledger.is_quiet());
        ledger.accepted("eb");
        assert_eq!(ledger.totals().unannounced, [""; 0]);
        assert!(ledger.is_quiet());
    }

    #[test]
    fn each_version_needs_an_event_of_its_own() {
        let ledger = Ledger::default();
        uploaded(&ledger, "a", "1");
        ledger.delivered("e1", "a", "1");
        ledger.accepted("e1");
        uploaded(&ledger, "a", "2");
        assert_eq!(ledger.totals().unannounced, ["a"]);
    }

    #[test]
    fn a_delivery_after_the_acceptance_is_a_duplicate() {
        let ledger = Ledger::default();
        uploaded(&ledger, "a", "1");
        for _ in 0..2 {
            ledger.delivered("e", "a", "1");
        }
        ledger.accepted("e");
        assert_eq!(ledger.totals().duplicates, 0);
        ledger.delivered("e", "a", "1");
        let totals = ledger.totals();
        assert_eq!(
            (totals.deliveries, totals.duplicates, totals.events),
            (3, 1, 1)
        );
    }

    #[test]
    fn a_duplicate_that_costs_a_call_was_not_recognised() {
        let ledger = Ledger::default();
        uploaded(&ledger, "a", "1");
        let analyse = || ledger.analysed(ledger.asked("a", None));
        ledger.delivered("e", "a", "1");
        analyse();
        analyse();
        assert_eq!(ledger.totals().unrecognised, [""; 0]);
        ledger.accepted("e");
        analyse();
        let totals = ledger.totals();
        assert_eq!(totals.unrecognised, ["a"]);
        assert_eq!((totals.analyses, totals.analysed_twice), (3, 1));
    }

    #[test]
    fn a_new_version_deserves_its_own_call() {
        let ledger = Ledger::default();
        uploaded(&ledger, "a", "1");
        ledger.delivered("e1", "a", "1");
        ledger.accepted("e1");
        ledger.begun("a", "2");
        ledger.analysed(ledger.asked("a", None));
        let totals = ledger.totals();
        assert_eq!((totals.unrecognised.len(), totals.analysed_twice), (0, 0));
    }

    #[test]
    fn an_old_event_settles_nothing_of_a_newer_version() {
        let ledger = Ledger::default();
        uploaded(&ledger, "a", "1");
        ledger.delivered("e1", "a", "1");
        uploaded(&ledger, "a", "2");
        ledger.accepted("e1");
        ledger.analysed(ledger.asked("a", None));
        assert_eq!(ledger.totals().unrecognised, [""; 0]);
    }
}
