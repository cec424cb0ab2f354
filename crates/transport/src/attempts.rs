//! Whether a call gets another attempt: by its [`Replay`], the policy and the failure.
//!
//! Pure: the sender does the sleeping.

use std::time::Duration;

use tracing::debug;

use crate::call::Replay;
use crate::error::TransportError;
use crate::retry::RetryPolicy;
use crate::retry_class::RetryClass;

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

    /// How many attempts have been made.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Counts one more attempt and gives the pause before the next; `None` when there is none,
    /// because the attempt did not fail or may not be repeated.
    pub(crate) fn pause(&mut self, failure: Option<Failure>) -> Option<Duration> {
        self.made += 1;
        let failure = failure.filter(|failure| failure.allows(self.replay))?;
        let pause = self.policy.pause(self.made, failure.asked_wait)?;
        debug!(
            attempts = self.made,
            pause_ms = pause.as_millis(),
            "trying a call again"
        );
        Some(pause)
    }
}

/// A failure of an attempt that may pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    /// Whether the service certainly did nothing.
    unprocessed: bool,
    /// The pause that the service asked for.
    asked_wait: Option<Duration>,
}

impl Failure {
    /// The failure that a response reports, if it reports one that may pass.
    pub(crate) fn of_response(class: RetryClass, asked_wait: Option<Duration>) -> Option<Self> {
        let unprocessed = match class {
            RetryClass::Final => return None,
            RetryClass::Throttled => true,
            RetryClass::Transient => false,
        };
        Some(Self {
            unprocessed,
            asked_wait,
        })
    }

    /// The failure of an attempt without a response, if it may pass.
    pub(crate) fn of_error(error: &TransportError) -> Option<Self> {
        let failure = Self {
            unprocessed: error.is_unprocessed(),
            asked_wait: None,
        };
        error.disposition().is_retryable().then_some(failure)
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
    fn replay_decides_which_failure_is_retried() {
        let cases = [
            ("refusal", RetryClass::Final, [false, false, false]),
            ("throttled", RetryClass::Throttled, [true, true, false]),
            ("fault", RetryClass::Transient, [true, false, false]),
        ];
        for (name, class, expected) in cases {
            let repeated = [Replay::Safe, Replay::Unprocessed, Replay::Never].map(|replay| {
                let mut attempts = Attempts::new(RetryPolicy::new(2, SECOND, SECOND), replay);
                attempts.pause(Failure::of_response(class, None)).is_some()
            });
            assert_eq!(repeated, expected, "{name}");
        }
    }

    #[test]
    fn pause_follows_the_service_while_attempts_last() {
        let mut attempts = Attempts::new(RetryPolicy::new(3, SECOND, 10 * SECOND), Replay::Safe);
        let pauses: Vec<_> = (0..3)
            .map(|_| {
                attempts.pause(Failure::of_response(
                    RetryClass::Throttled,
                    Some(5 * SECOND),
                ))
            })
            .collect();
        assert_eq!(pauses, [Some(5 * SECOND), Some(5 * SECOND), None]);
    }
}
