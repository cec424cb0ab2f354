//! Breaks the pipeline on purpose and proves that it loses nothing.
//!
//! The real binaries run in containers on a network of their own, or as processes where
//! there is nothing to run containers with. Hundreds of photos go through while a seeded
//! schedule kills services, cuts them off, lets APIs and sink misbehave and credentials
//! expire. Uploads, and what goes through proxies between the services, are written down; at the
//! end every photo must have its one correct result, and nothing may be left or done needlessly.
//!
//! The suite knows the services by their sockets, their metrics and their results, never by
//! their code. It mends nothing but what it broke itself: it is their Kubernetes.

mod args;
mod counts;
mod credentials;
mod environment;
mod fault;
mod ledger;
mod photos;
mod recorder;
mod report;
mod run;
mod schedule;
mod uploads;
mod verify;

pub use args::{Args, Isolation, Options, Theft};
pub use fault::Fault;
pub use report::{FaultLine, Report, ServiceLine};
pub use run::run;
pub use schedule::Size;
