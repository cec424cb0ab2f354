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
mod attempt;
mod backoff;
mod budget;
mod concurrency;
pub mod config;
pub mod convert;
pub mod dead_letter;
mod deletion;
mod delivered_events;
mod demand;
mod event_budget;
pub mod filter;
pub mod metrics;
mod pipeline;
mod poll;
mod queue_health;
pub mod sink;
pub mod status;
pub mod token;
mod tokens;
pub mod trace;
mod visibility;

pub use app::{identity, run};
pub use config::Config;
