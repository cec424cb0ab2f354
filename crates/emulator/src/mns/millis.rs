//! Time as MNS tells it: whole milliseconds since the epoch.
//!
//! Half the size of a full timestamp, which counts when a queue holds hundreds of
//! thousands of messages. Reads no clock.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Milliseconds since the epoch.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub(crate) struct Millis(pub(crate) u64);

impl Millis {
    /// This much later; the end of time at the latest.
    pub(crate) fn plus_seconds(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(u64::from(seconds) * 1000))
    }

    /// How long it is from `now` until this moment; zero when it has passed.
    pub(crate) fn since(self, now: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(now.0))
    }

    /// Whole seconds since the epoch, the unit of `CreateTime` and its like.
    pub(crate) fn as_seconds(self) -> u64 {
        self.0 / 1000
    }
}

impl From<Timestamp> for Millis {
    /// Moments before the epoch, which no clock of ours shows, become the epoch.
    fn from(timestamp: Timestamp) -> Self {
        Self(u64::try_from(timestamp.as_millisecond()).unwrap_or(0))
    }
}
