//! What every long-running binary of this workspace shares.
//!
//! Settings, logging, traces, readiness, the operator's HTTP endpoints, shutdown by signal, binding and
//! serving with bounds, and credentials that stay fresh. A binary's
//! own crate decides what it does; this one decides how it starts, is watched and ends.
//!
//! It knows neither queues nor objects nor events, and every task that it starts has an owner.

pub mod announce;
pub mod bind;
mod core_files;
pub mod credentials;
mod error_line;
pub mod health;
mod http_client_metrics;
pub mod main_loop;
mod readiness;
pub mod serve;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod traces;

pub use announce::announce;
pub use bind::bind;
pub use error_line::error_line;
pub use http_client_metrics::HttpClientMetrics;
pub use main_loop::{run, run_beside};
pub use readiness::{Readiness, ReadinessCheck};
pub use serve::{Limits, serve};
pub use settings::ConfigError;
/// The HTTP client that every binary uses for all of its calls.
pub use transport::{ConnectOptions, HttpClientError, http_client};
