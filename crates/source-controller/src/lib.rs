//! Keeps every `MnsOssSource` of a cluster as its user wants it.
//!
//! One pass over a source goes through [`reconcile`]: [`look`](look::look) at everything that
//! concerns it, [`plan`](plan::plan) what to do, which is a pure function, [`act`](act::act),
//! and [`report`](report::report) in the source's status. A pass may run at any time, any
//! number of times, and a source that is in order is not written to.
//!
//! The controller never reads or sends a message; adapters do that, and need no rights in the
//! cluster for it. In MNS it touches nothing that does not carry a source's mark.

mod accounts;
pub mod act;
pub mod adapter;
mod adapters;
mod answers;
mod app;
mod args;
mod changes;
pub mod cloud;
pub mod context;
pub mod controller;
mod covers;
pub mod failure;
pub mod leader;
pub mod look;
pub mod metrics;
mod own_writes;
pub mod pace;
pub mod plan;
pub mod reconcile;
pub mod report;
mod scope;
pub mod sink;
pub mod triggers;
pub mod wish;

pub use app::{run, run_with};
pub use args::Args;
pub use scope::Scope;
