//! How the pipeline does: the queue, the rate, the failures of the last hour.

use std::collections::VecDeque;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

/// Samples that are kept: an hour, one every ten seconds.
const MAX_SAMPLES: usize = 360;
/// How far apart samples are, in milliseconds.
const SPACING_MS: i64 = 10_000;

/// The queue at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct QueueState {
    /// Messages that wait.
    pub(crate) waiting: u64,
    /// Messages that were received and not deleted yet.
    pub(crate) hidden: u64,
    /// For how long the oldest that was seen has been in the queue, in seconds.
    pub(crate) oldest_seconds: i64,
}

/// One sample. What was counted is since the sample before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sample {
    /// In milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// Absent where there is no queue to look at, or no answer.
    pub(crate) queue: Option<QueueState>,
    /// Pods of the adapter; absent where there is no source to ask, or no answer.
    pub(crate) adapters: Option<u32>,
    pub(crate) stored: u64,
    pub(crate) refused: u64,
}

/// Why a service is not there; nothing where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ServiceErrors {
    pub(crate) oss: Option<String>,
    pub(crate) mns: Option<String>,
    pub(crate) source: Option<String>,
}

/// What was read of the pipeline at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatusSample {
    /// In milliseconds since 1970.
    pub(crate) at_ms: i64,
    pub(crate) queue: Option<QueueState>,
    pub(crate) adapters: Option<u32>,
    pub(crate) troubles: ServiceErrors,
    /// Since when the face service answers nothing.
    pub(crate) unanswered: Option<Timestamp>,
    /// How many photos were stored and refused so far.
    pub(crate) counted: (u64, u64),
}

/// What pages show of it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct StatusUpdate {
    pub(crate) sample: Sample,
    pub(crate) troubles: ServiceErrors,
    /// Since when the face service answers nothing, in milliseconds since 1970; absent where it
    /// does, and where it was asked nothing.
    pub(crate) unanswered_since_ms: Option<i64>,
    /// Whether there is a queue to look at.
    pub(crate) has_queue: bool,
    /// Whether there is a source to ask for adapters.
    pub(crate) has_source: bool,
}

/// How the pipeline does.
#[derive(Debug)]
pub(crate) struct StatusHistory {
    has_queue: bool,
    has_source: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    samples: VecDeque<Sample>,
    update: StatusUpdate,
    counted: (u64, u64),
}

impl StatusHistory {
    pub(crate) fn new(has_queue: bool, has_source: bool) -> Self {
        Self {
            has_queue,
            has_source,
            state: Mutex::default(),
        }
    }

    /// Records a sample of the pipeline.
    pub(crate) fn record(&self, sample: StatusSample) -> StatusUpdate {
        let StatusSample {
            at_ms,
            queue,
            adapters,
            troubles,
            unanswered,
            counted,
        } = sample;
        let mut state = self.state.lock();
        let sample = Sample {
            at_ms,
            queue,
            adapters,
            stored: counted.0.saturating_sub(state.counted.0),
            refused: counted.1.saturating_sub(state.counted.1),
        };
        state.update = StatusUpdate {
            sample,
            troubles,
            unanswered_since_ms: unanswered.map(Timestamp::as_millisecond),
            has_queue: self.has_queue,
            has_source: self.has_source,
        };
        let is_due = |last: &Sample| at_ms - last.at_ms >= SPACING_MS;
        if state.samples.back().is_none_or(is_due) {
            if state.samples.len() == MAX_SAMPLES {
                state.samples.pop_front();
            }
            state.samples.push_back(sample);
            state.counted = counted;
        }
        state.update.clone()
    }

    /// The samples of the last hour, the oldest first, and the last update.
    pub(crate) fn samples(&self) -> (Vec<Sample>, StatusUpdate) {
        let state = self.state.lock();
        (
            state.samples.iter().copied().collect(),
            state.update.clone(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_kept_and_nothing_is_counted_twice() {
        let history = StatusHistory::new(false, false);
        for tick in 0..2000 {
            history.record(StatusSample {
                at_ms: i64::try_from(tick).unwrap() * 2000,
                counted: (tick * 3, tick),
                ..StatusSample::default()
            });
        }
        let (samples, _) = history.samples();
        assert_eq!(samples.len(), MAX_SAMPLES);
        assert_eq!(samples[1].at_ms - samples[0].at_ms, SPACING_MS);
        assert!(samples.iter().all(|it| (it.stored, it.refused) == (15, 5)));
    }
}
