//! How much is done at one time, and how it ends.

use std::time::Duration;

use service::settings::{any_duration, number};

/// The largest message that MNS has.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// The most messages that one receive brings.
pub(crate) const MAX_BATCH: usize = 16;

/// Less would not hold one receive of the largest messages.
const MIN_IN_FLIGHT_BYTES: usize = MAX_BATCH * MAX_MESSAGE_BYTES;

/// How much is done at one time, and how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub struct Limits {
    /// Receives at one time while there is a backlog.
    // A receive brings 16 messages: where it takes as long as a delivery, ten keep all deliveries
    // busy, and more only cost memory.
    #[arg(long, env = "ADAPTER_POLLERS", value_name = "COUNT", default_value = "10", value_parser = number(1..=64_usize))]
    pub pollers: usize,
    /// Events being delivered at one time, at most; fewer while the sink is slow.
    // Enough for some thousand events per second at 20 ms each.
    #[arg(long = "max-deliveries", env = "ADAPTER_MAX_DELIVERIES", value_name = "COUNT", default_value = "160", value_parser = number(1..=10_000_usize))]
    pub deliveries: usize,
    /// Messages held at one time: received ahead, in delivery, or waiting for their delete.
    // As many as are delivered are on their way with receives, and some wait for a delivery,
    // so that none is idle while another receive is under way.
    #[arg(long = "max-in-flight", env = "ADAPTER_MAX_IN_FLIGHT", value_name = "COUNT", default_value = "352", value_parser = number(1..=10_000_usize))]
    pub in_flight: usize,
    /// Bytes of messages held at one time.
    // It keeps the process below 40 MB when every message is one of the largest; while one is
    // decoded, each of its bytes is held several times. Room is taken before a receive, for 16
    // messages as large as the last ones were.
    #[arg(long = "max-in-flight-bytes", env = "ADAPTER_MAX_IN_FLIGHT_BYTES", value_name = "BYTES", default_value = "6291456", value_parser = number(MIN_IN_FLIGHT_BYTES..=1 << 30))]
    pub in_flight_bytes: usize,
    /// Time to finish deliveries after SIGTERM, ISO 8601; some seconds below the pod's
    /// grace period.
    // Kubernetes kills after 30 s by default; deletes and hand-backs come after the grace.
    #[arg(long, env = "ADAPTER_DRAIN_GRACE", value_name = "DURATION", default_value = "PT20S", value_parser = any_duration)]
    pub drain_grace: Duration,
}

impl Limits {
    /// The most requests that a sink gets at one time: no more than messages can be held.
    #[must_use]
    pub fn max_requests(&self) -> usize {
        self.deliveries.min(self.in_flight)
    }
}
