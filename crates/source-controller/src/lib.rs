//! The controller of `MnsOssSource`.
//!
//! One reconcile of a source goes through [`reconcile`]: [`observe`](reconcile::observe)
//! everything that concerns it, [`plan`](reconcile::plan) what to do, which is a pure function,
//! [`apply`](reconcile::apply) the plan, and report in the source's status. A reconcile may run
//! at any time, any number of times, and writes nothing for a source that is up to date.
//!
//! The controller never receives or sends a message; adapters do that, and need no permissions in
//! the cluster for it. For its metrics and for KEDA it peeks at the next messages of a queue, for
//! their number and age alone. In MNS it changes only resources with a source's mark.

pub mod account;
mod app;
mod args;
pub mod backlog;
mod cache;
mod cached_store;
mod changes;
mod config_maps;
pub mod context;
pub mod controller;
pub mod deployment;
pub mod doctor;
mod drift;
pub mod error;
pub mod event_rule;
pub mod event_types;
mod events;
mod finalize;
pub mod knative_config;
pub mod leader;
pub mod metrics;
pub mod mns;
mod pending_writes;
pub mod reconcile;
pub mod recorder;
pub mod references;
pub mod requeue;
pub mod scaled_object;
pub mod scaler;
pub mod sink;
pub mod sink_identity;
pub mod source;
mod status;
pub mod trust_bundles;
mod watch_backoff;
mod watched_namespaces;

pub use app::{run, run_with};
pub use args::Args;
pub use watched_namespaces::{Namespaces, WatchedNamespaces};
