//! The doctor: checks that events get from a bucket to a source's queue, and says what to do where
//! they do not.
//!
//! [`examine`] only reads, except for one object that it uploads to the bucket and removes: the
//! response of OSS says whether an event rule announced it. The object is empty, so a face service
//! that gets its event finds no photo in it.

mod cloud;
mod command;
mod endpoints;
mod report;
mod scaling;

pub use cloud::examine;
pub use command::DoctorArgs;
pub use endpoints::EndpointOverrides;
pub use report::{Check, CheckResult, DoctorReport};
pub use scaling::examine_scaling;

/// Why the cloud is not checked for a source with `auth`.
pub const NO_SECRET: &str = "the source has no Secret, so there is no key to check the cloud with: its conditions say \
                             what the controller's own identity found";
