//! The emulator's clock.
//!
//! Signatures, message visibility and expiry all turn on the clock, so every part of
//! the emulator asks this one. It never sleeps and never sets anything.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The emulator's clock. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    System,
    Tokio { origin: Timestamp, started: Instant },
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// Starts at `origin` and moves with tokio's clock, so that a test that pauses and
    /// advances time moves this one too.
    #[must_use]
    pub fn following_tokio(origin: Timestamp) -> Self {
        Self(Source::Tokio {
            origin,
            started: Instant::now(),
        })
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.0 {
            Source::System => Timestamp::now(),
            Source::Tokio { origin, started } => {
                let elapsed =
                    SignedDuration::try_from(started.elapsed()).unwrap_or(SignedDuration::MAX);
                origin.checked_add(elapsed).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn paused_time_moves_only_when_advanced() {
        let origin = Timestamp::from_second(1_714_979_289).unwrap();
        let clock = Clock::following_tokio(origin);
        assert_eq!(clock.now(), origin);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now().as_second(), origin.as_second() + 90);
    }
}
