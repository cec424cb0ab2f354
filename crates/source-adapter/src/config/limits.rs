//! How much is done at one time, and how it ends.

use std::time::Duration;

use service::Findings;

use crate::args::LimitArgs;

/// The largest message that MNS has.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// The most messages that one receive brings.
pub(crate) const MAX_BATCH: usize = 16;

/// At 20 ms per call, enough receives to keep all sends busy.
const POLLERS: usize = 8;
/// Enough sends for some thousand events per second at 20 ms each; more would only
/// hold more memory.
const IN_FLIGHT: usize = 160;
/// Room is taken before a receive, for 16 of the largest messages: this admits six receives
/// beside sends that hold little. It keeps the process below 40 MB when every message is one
/// of the largest; while one is decoded, each of its bytes is held several times.
const IN_FLIGHT_BYTES: usize = 6 * 1024 * 1024;
/// Less would not hold one receive of the largest messages.
const MIN_IN_FLIGHT_BYTES: usize = MAX_BATCH * MAX_MESSAGE_BYTES;
/// Kubernetes kills after 30 s by default; deletes and hand-backs come after the grace.
const DRAIN_GRACE: Duration = Duration::from_secs(20);

/// How much is done at one time, and how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most receives at one time.
    pub pollers: usize,
    /// Most messages held at one time.
    pub in_flight: usize,
    /// Most bytes of messages held at one time.
    pub in_flight_bytes: usize,
    /// How long deliveries may take after a signal to stop.
    pub drain_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pollers: POLLERS,
            in_flight: IN_FLIGHT,
            in_flight_bytes: IN_FLIGHT_BYTES,
            drain_grace: DRAIN_GRACE,
        }
    }
}

impl Limits {
    pub(super) fn check(found: &mut Findings, args: &LimitArgs) -> Self {
        let LimitArgs {
            pollers,
            max_in_flight,
            max_in_flight_bytes,
            drain_grace,
        } = args;
        let default = Self::default();
        let pollers = found.number("ADAPTER_POLLERS", pollers.as_deref(), (1, 64));
        let in_flight = found.number(
            "ADAPTER_MAX_IN_FLIGHT",
            max_in_flight.as_deref(),
            (1, 10_000),
        );
        let in_flight_bytes = found.number(
            "ADAPTER_MAX_IN_FLIGHT_BYTES",
            max_in_flight_bytes.as_deref(),
            (MIN_IN_FLIGHT_BYTES, 1 << 30),
        );
        let drain_grace = found.duration("ADAPTER_DRAIN_GRACE", drain_grace.as_deref());
        Self {
            pollers: pollers.unwrap_or(default.pollers),
            in_flight: in_flight.unwrap_or(default.in_flight),
            in_flight_bytes: in_flight_bytes.unwrap_or(default.in_flight_bytes),
            drain_grace: drain_grace.unwrap_or(default.drain_grace),
        }
    }
}
