//! The adapter's flags and variables, with their defaults.
//!
//! `service::settings` reads them, and reports every mistake with the setting to change.
//! Credentials are not part of it: they change while the process runs.

mod address;
mod delivery;
mod limits;
mod operation;
mod overrides;
mod queue;
mod sink;

use clap::Parser;
use service::telemetry::TelemetryArgs;
use service::traces::TraceArgs;

use crate::filter::Filter;
pub use address::SinkAddress;
pub use delivery::{BackoffPolicy, Delivery};
pub use limits::Limits;
pub(crate) use limits::{MAX_BATCH, MAX_MESSAGE_BYTES};
pub use operation::Operation;
pub use overrides::Overrides;
pub use queue::QueueConfig;
pub use sink::{Format, Payload, SinkConfig};

/// Receives OSS notifications from one MNS queue and delivers them as CloudEvents.
///
/// Credentials come from --access-token-file or from the variables of the official
/// SDKs (`ALIBABA_CLOUD_ACCESS_KEY_ID` and so on), never from a flag.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Config {
    /// Where events go.
    #[command(flatten, next_help_heading = "Sink")]
    pub sink: SinkConfig,
    /// What happens when a delivery fails.
    #[command(flatten, next_help_heading = "Delivery")]
    pub delivery: Delivery,
    /// Where events come from.
    #[command(flatten, next_help_heading = "Queue")]
    pub queue: QueueConfig,
    /// Which events are delivered.
    #[command(flatten, next_help_heading = "Filter")]
    pub filter: Filter,
    /// How much is done at one time.
    #[command(flatten, next_help_heading = "Limits")]
    pub limits: Limits,
    /// What operators see.
    #[command(flatten, next_help_heading = "Operation")]
    pub operation: Operation,
    /// Options for the logs.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
    /// Options for traces.
    #[command(flatten)]
    pub traces: TraceArgs,
}
