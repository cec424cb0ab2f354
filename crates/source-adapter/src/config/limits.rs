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
    // At 20 ms per call, enough receives to keep all sends busy.
    #[arg(long, env = "ADAPTER_POLLERS", value_name = "COUNT", default_value = "8", value_parser = number(1..=64_usize))]
    pub pollers: usize,
    /// Messages held at one time.
    // Enough sends for some thousand events per second at 20 ms each; more would only hold more
    // memory.
    #[arg(long = "max-in-flight", env = "ADAPTER_MAX_IN_FLIGHT", value_name = "COUNT", default_value = "160", value_parser = number(1..=10_000_usize))]
    pub in_flight: usize,
    /// Bytes of messages held at one time.
    // Room is taken before a receive, for 16 of the largest messages: this admits six receives
    // beside sends that hold little. It keeps the process below 40 MB when every message is one
    // of the largest; while one is decoded, each of its bytes is held several times.
    #[arg(long = "max-in-flight-bytes", env = "ADAPTER_MAX_IN_FLIGHT_BYTES", value_name = "BYTES", default_value = "6291456", value_parser = number(MIN_IN_FLIGHT_BYTES..=1 << 30))]
    pub in_flight_bytes: usize,
    /// Time to finish deliveries after SIGTERM, ISO 8601; some seconds below the pod's
    /// grace period.
    // Kubernetes kills after 30 s by default; deletes and hand-backs come after the grace.
    #[arg(long, env = "ADAPTER_DRAIN_GRACE", value_name = "DURATION", default_value = "PT20S", value_parser = any_duration)]
    pub drain_grace: Duration,
}
