//! Receives OSS notifications from an MNS queue and delivers them as CloudEvents.
//!
//! At least once: a message leaves the queue only after each of its events got a 2xx
//! from the sink or from the dead letter sink, or was not wanted by the filter. What the
//! adapter knows about retries is in the queue (dequeue count, visibility), so a crash
//! loses nothing but time.
//!
//! The one crate that knows both MNS and CloudEvents. It has no business with
//! Kubernetes: everything it needs comes through variables and files.

mod adapter;
mod app;
mod budget;
pub mod config;
pub mod convert;
mod crowd;
pub mod dead_letter;
mod demand;
pub mod filter;
mod lease;
pub mod metrics;
mod pace;
mod pipeline;
mod poll;
mod progress;
mod queue_health;
mod settle;
pub mod sink;
pub mod token;
pub mod trace;
pub mod verdict;

pub use app::run;
pub use config::Config;
