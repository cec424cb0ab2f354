//! How the pipeline does: the queue, the rate, the failures of the last hour.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// Samples that are kept: an hour, one every ten seconds.
const MOST_SAMPLES: usize = 360;
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
    pub(crate) stored: u64,
    pub(crate) refused: u64,
}

/// Why a service is not there; nothing where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Troubles {
    pub(crate) oss: Option<String>,
    pub(crate) mns: Option<String>,
}

/// What pages are told.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Beat {
    pub(crate) sample: Sample,
    pub(crate) troubles: Troubles,
    /// Whether there is a queue to look at.
    pub(crate) has_queue: bool,
}

/// How the pipeline does.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    samples: VecDeque<Sample>,
    beat: Beat,
    counted: (u64, u64),
}

impl Pulse {
    /// Takes a look at the pipeline; `counted` is how many photos were stored and refused so far.
    pub(crate) fn beat(
        &self,
        at_ms: i64,
        queue: Option<QueueState>,
        troubles: Troubles,
        has_queue: bool,
        counted: (u64, u64),
    ) -> Beat {
        let mut state = self.lock();
        let sample = Sample {
            at_ms,
            queue,
            stored: counted.0.saturating_sub(state.counted.0),
            refused: counted.1.saturating_sub(state.counted.1),
        };
        state.beat = Beat {
            sample,
            troubles,
            has_queue,
        };
        let is_due = |last: &Sample| at_ms - last.at_ms >= SPACING_MS;
        if state.samples.back().is_none_or(is_due) {
            if state.samples.len() == MOST_SAMPLES {
                state.samples.pop_front();
            }
            state.samples.push_back(sample);
            state.counted = counted;
        }
        state.beat.clone()
    }

    /// The samples of the last hour, the oldest first, and the last look.
    pub(crate) fn history(&self) -> (Vec<Sample>, Beat) {
        let state = self.lock();
        (state.samples.iter().copied().collect(), state.beat.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_kept_and_nothing_is_counted_twice() {
        let pulse = Pulse::default();
        for tick in 0..2000 {
            let counted = (tick * 3, tick);
            let at = i64::try_from(tick).unwrap() * 2000;
            pulse.beat(at, None, Troubles::default(), false, counted);
        }
        let (samples, _) = pulse.history();
        assert_eq!(samples.len(), MOST_SAMPLES);
        assert_eq!(samples[1].at_ms - samples[0].at_ms, SPACING_MS);
        assert!(samples.iter().all(|it| (it.stored, it.refused) == (15, 5)));
    }
}
