//! Whether a call is made once more, from its terms, the policy and what went wrong.
//!
//! Pure: it says how long to pause and leaves the pausing to the sender.

use std::time::Duration;

use tracing::debug;

use crate::answer::Answer;
use crate::call::Replay;
use crate::error::TransportError;
use crate::retry::RetryPolicy;

/// The attempts of one call.
#[derive(Debug)]
pub(crate) struct Attempts {
    policy: RetryPolicy,
    replay: Replay,
    made: u32,
}

impl Attempts {
    pub(crate) fn new(policy: RetryPolicy, replay: Replay) -> Self {
        Self {
            policy,
            replay,
            made: 0,
        }
    }

    /// Counts one more attempt and says how long to pause before the next; `None` when the
    /// outcome stands, because nothing is wrong with it or because no repetition is allowed.
    pub(crate) fn pause(&mut self, trouble: Option<Trouble>) -> Option<Duration> {
        self.made += 1;
        let trouble = trouble.filter(|trouble| trouble.allows(self.replay))?;
        let pause = self.policy.pause(self.made, trouble.asked_wait)?;
        debug!(
            attempts = self.made,
            pause_ms = pause.as_millis(),
            "trying a call again"
        );
        Some(pause)
    }
}

/// Something temporary that went wrong with an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trouble {
    /// The service certainly did nothing.
    unprocessed: bool,
    /// The pause that the service asked for.
    asked_wait: Option<Duration>,
}

impl Trouble {
    /// The trouble that an answer reports, if it reports any.
    pub(crate) fn with_answer(answer: Answer, asked_wait: Option<Duration>) -> Option<Self> {
        let unprocessed = match answer {
            Answer::Final => return None,
            Answer::Throttled => true,
            Answer::Transient => false,
        };
        Some(Self {
            unprocessed,
            asked_wait,
        })
    }

    /// The trouble that the lack of an answer is, unless it is there to stay.
    pub(crate) fn with_error(error: &TransportError) -> Option<Self> {
        let trouble = Self {
            unprocessed: error.is_unprocessed(),
            asked_wait: None,
        };
        error.disposition().is_retryable().then_some(trouble)
    }

    fn allows(self, replay: Replay) -> bool {
        match replay {
            Replay::Safe => true,
            Replay::Unprocessed => self.unprocessed,
            Replay::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn terms_decide_which_trouble_is_repeated() {
        let cases = [
            ("refusal", Answer::Final, [false, false, false]),
            ("throttled", Answer::Throttled, [true, true, false]),
            ("fault", Answer::Transient, [true, false, false]),
        ];
        for (name, answer, expected) in cases {
            let repeated = [Replay::Safe, Replay::Unprocessed, Replay::Never].map(|replay| {
                let mut attempts = Attempts::new(RetryPolicy::new(2, SECOND, SECOND), replay);
                attempts.pause(Trouble::with_answer(answer, None)).is_some()
            });
            assert_eq!(repeated, expected, "{name}");
        }
    }

    #[test]
    fn pause_follows_the_service_while_attempts_last() {
        let mut attempts = Attempts::new(RetryPolicy::new(3, SECOND, 10 * SECOND), Replay::Safe);
        let pauses: Vec<_> = (0..3)
            .map(|_| attempts.pause(Trouble::with_answer(Answer::Throttled, Some(5 * SECOND))))
            .collect();
        assert_eq!(pauses, [Some(5 * SECOND), Some(5 * SECOND), None]);
    }
}
