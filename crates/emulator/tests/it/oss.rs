//! OSS over sockets.

pub(crate) mod caller;
mod client;
mod events;
mod faults;
mod forms;
mod kept;
mod limits;
mod requests;
mod signatures;
