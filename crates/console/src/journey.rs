//! The way of each photo, as far as it is known.
//!
//! Facts come from several sides and in any order: the queue is seen before or after the event
//! comes, a result may be found in the bucket before its reply. Whatever is told twice changes
//! nothing, and a result in the bucket outweighs a refusal.

mod documents;
mod facts;
mod unanswered;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

use self::documents::DocumentStore;
pub(crate) use self::documents::Documents;
use self::documents::Kind;
pub(crate) use self::facts::{Delivered, Finished, Refusal, StepTimes};
use self::unanswered::Unanswered;
use crate::broadcaster::Broadcaster;

/// Photos that are remembered; what bucket and queue know of older ones can be asked for.
const MAX_JOURNEYS: usize = 5000;
/// The name under which pages hear of a photo.
const NEWS: &str = "photo";

/// A step of a photo's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// It lies in the bucket.
    Uploaded,
    /// Its event is in the queue.
    Queued,
    /// The source has sent its event.
    Delivered,
    /// Its faces are found.
    Analysed,
    /// They are marked.
    Drawn,
    /// The result lies in the bucket.
    Stored,
}

/// How far a photo has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It is expected or under way.
    Open,
    /// It has its result.
    Stored,
    /// It never will have one.
    Refused,
}

/// The way of one photo.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Journey {
    pub(crate) key: String,
    pub(crate) state: State,
    /// When the console heard of it.
    pub(crate) since: Timestamp,
    pub(crate) steps: BTreeMap<Step, Timestamp>,
    /// How often its message was received from the queue, as far as seen.
    pub(crate) attempts: u32,
    pub(crate) refusal: Option<Refusal>,
    /// How many faces were found.
    pub(crate) faces: Option<usize>,
    #[serde(skip)]
    etag: Option<String>,
    #[serde(skip)]
    event_id: Option<String>,
    #[serde(skip)]
    checked: Option<Instant>,
}

/// All ways that are remembered.
#[derive(Debug)]
pub(crate) struct Journeys {
    broadcaster: Arc<Broadcaster>,
    started: Timestamp,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    journeys: HashMap<String, Journey>,
    /// Keys, the oldest first.
    order: VecDeque<String>,
    documents: DocumentStore,
    unanswered: Unanswered,
    /// Keys of photos that got their result since the last call of `take_fresh`.
    fresh: Vec<String>,
    stored: u64,
    refused: u64,
}

impl Journey {
    fn new(key: &str, now: Timestamp) -> Self {
        Self {
            key: key.to_owned(),
            state: State::Open,
            since: now,
            steps: BTreeMap::new(),
            attempts: 0,
            refusal: None,
            faces: None,
            etag: None,
            event_id: None,
            checked: None,
        }
    }

    /// The first that is told of a step counts.
    fn step(&mut self, step: Step, at: Timestamp) {
        self.steps.entry(step).or_insert(at);
    }

    /// A photo that was put under its key once more begins again.
    fn of_version(&mut self, etag: Option<&str>, now: Timestamp) {
        let is_other = matches!((&self.etag, etag), (Some(old), Some(new)) if old != new);
        if is_other {
            *self = Self::new(&self.key, now);
        }
        if let Some(etag) = etag {
            self.etag = Some(etag.to_owned());
        }
    }

    /// The version of the photo, as far as it is known.
    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }
}

impl Journeys {
    pub(crate) fn new(broadcaster: Arc<Broadcaster>, started: Timestamp) -> Self {
        Self {
            broadcaster,
            started,
            known: Mutex::default(),
        }
    }

    /// A form for this key was handed out.
    pub(crate) fn expected(&self, key: &str, now: Timestamp) {
        self.change(key, now, |_journey| {});
    }

    /// The photo was found in the bucket.
    pub(crate) fn uploaded(&self, key: &str, etag: &str, at: Timestamp, now: Timestamp) {
        self.change(key, now, |journey| {
            journey.of_version(Some(etag), now);
            journey.step(Step::Uploaded, at);
        });
    }

    /// The photo's message was seen in the queue.
    pub(crate) fn queued(&self, key: &str, etag: Option<&str>, at: Timestamp, attempts: u32) {
        self.change(key, at, |journey| {
            journey.of_version(etag, at);
            journey.step(Step::Uploaded, at);
            journey.step(Step::Queued, at);
            journey.attempts = journey.attempts.max(attempts);
        });
    }

    /// The source has sent the photo's event.
    pub(crate) fn delivered(&self, delivered: &Delivered<'_>, now: Timestamp) {
        let state = self.change(delivered.key, now, |journey| {
            journey.of_version(delivered.etag, now);
            let uploaded = delivered.uploaded.unwrap_or(now);
            journey.step(Step::Uploaded, uploaded);
            journey.step(Step::Queued, uploaded);
            journey.step(Step::Delivered, now);
            journey.event_id = Some(delivered.event_id.to_owned());
            journey.state
        });
        let mut known = self.known.lock();
        if state == State::Open {
            known.unanswered.delivered(now);
        }
        known
            .documents
            .keep(delivered.key, Kind::Event, delivered.document);
    }

    /// The photo has its result.
    pub(crate) fn finished(&self, finished: &Finished<'_>, now: Timestamp) {
        let is_news = self.change(finished.key, now, |journey| {
            journey.of_version(finished.etag, now);
            journey.step(Step::Stored, finished.at);
            if let Some(times) = finished.steps {
                let StepTimes {
                    analysed,
                    drawn,
                    stored,
                } = times;
                // More exact than what the bucket says.
                journey.steps.extend([
                    (Step::Analysed, analysed),
                    (Step::Drawn, drawn),
                    (Step::Stored, stored),
                ]);
            }
            (journey.faces, journey.refusal) = (Some(finished.faces), None);
            let is_news = journey.state != State::Stored;
            journey.state = State::Stored;
            is_news
        });
        let mut known = self.known.lock();
        known.unanswered.answered();
        if is_news {
            // What a new console finds in the bucket says nothing of the rate.
            known.stored += u64::from(finished.at >= self.started);
            if known.fresh.len() < MAX_JOURNEYS {
                known.fresh.push(finished.key.to_owned());
            }
        }
        if let Some(document) = finished.document {
            known.documents.keep(finished.key, Kind::Reply, document);
        }
    }

    /// The photo was given up. A result that is there already remains.
    pub(crate) fn refused(&self, key: &str, refusal: Refusal, now: Timestamp) {
        let is_answer = refusal.is_answer();
        let is_news = self.change(key, now, |journey| {
            let is_news = journey.state == State::Open;
            if journey.state != State::Stored {
                (journey.state, journey.refusal) = (State::Refused, Some(refusal));
            }
            is_news
        });
        let mut known = self.known.lock();
        known.refused += u64::from(is_news);
        if is_answer {
            known.unanswered.answered();
        }
    }

    /// Whether the photo of this key and version is known and has no result yet.
    pub(crate) fn is_open(&self, key: &str, etag: &str) -> bool {
        let known = self.known.lock();
        let journey = known.journeys.get(key);
        journey.is_some_and(|journey| {
            journey.state != State::Stored && journey.etag().is_none_or(|known| known == etag)
        })
    }

    /// Keys of photos that got their result since the last call.
    pub(crate) fn take_fresh(&self) -> Vec<String> {
        std::mem::take(&mut self.known.lock().fresh)
    }

    /// The photo never came.
    pub(crate) fn forget(&self, key: &str) {
        let mut known = self.known.lock();
        known.journeys.remove(key);
        known.order.retain(|other| other != key);
    }

    /// The key of the photo whose event has this id.
    pub(crate) fn key_of_event(&self, id: &str) -> Option<String> {
        let known = self.known.lock();
        let mut journeys = known.journeys.values();
        let journey = journeys.find(|journey| journey.event_id.as_deref() == Some(id))?;
        Some(journey.key.clone())
    }

    /// Open ways that were not looked into for `pause`, the oldest first; they count as looked
    /// into now.
    pub(crate) fn to_check(&self, count: usize, pause: Duration, now: Instant) -> Vec<Journey> {
        let mut known = self.known.lock();
        let Known {
            journeys, order, ..
        } = &mut *known;
        let mut due = Vec::new();
        for key in order.iter() {
            let Some(journey) = journeys.get_mut(key) else {
                continue;
            };
            let is_due = journey
                .checked
                .is_none_or(|checked| now.saturating_duration_since(checked) >= pause);
            if journey.state == State::Open && is_due {
                journey.checked = Some(now);
                due.push(journey.clone());
            }
            if due.len() == count {
                break;
            }
        }
        due
    }

    /// The newest ways.
    pub(crate) fn recent(&self, count: usize) -> Vec<Journey> {
        let known = self.known.lock();
        let newest = known.order.iter().rev().take(count);
        newest
            .filter_map(|key| known.journeys.get(key).cloned())
            .collect()
    }

    /// The way of one photo, and what is kept of it.
    pub(crate) fn get(&self, key: &str) -> (Option<Journey>, Documents) {
        let known = self.known.lock();
        (known.journeys.get(key).cloned(), known.documents.get(key))
    }

    /// Since when events are delivered and the face service answers none, if so.
    pub(crate) fn unanswered_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.known.lock().unanswered.since(now)
    }

    /// How many photos were stored and refused so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let known = self.known.lock();
        (known.stored, known.refused)
    }

    /// Changes a way, or begins it, and tells the pages if it is another one then.
    fn change<T>(&self, key: &str, now: Timestamp, change: impl FnOnce(&mut Journey) -> T) -> T {
        let mut known = self.known.lock();
        let known = &mut *known;
        let is_new = !known.journeys.contains_key(key);
        if is_new {
            known.order.push_back(key.to_owned());
            if known.order.len() > MAX_JOURNEYS
                && let Some(oldest) = known.order.pop_front()
            {
                known.journeys.remove(&oldest);
            }
        }
        let journey = known.journeys.entry(key.to_owned());
        let journey = journey.or_insert_with(|| Journey::new(key, now));
        let before = shown(journey);
        let changed = change(journey);
        if is_new || shown(journey) != before {
            self.broadcaster.publish(NEWS, journey);
        }
        changed
    }
}

/// What pages see of a way, to tell whether it changed.
fn shown(journey: &Journey) -> (State, BTreeMap<Step, Timestamp>, u32, Option<Refusal>) {
    let Journey {
        state,
        steps,
        attempts,
        refusal,
        ..
    } = journey;
    (*state, steps.clone(), *attempts, refusal.clone())
}

#[cfg(test)]
mod tests;
