//! OSS over sockets.

mod archive;
mod buckets;
pub(crate) mod caller;
mod client;
mod cors;
mod disk;
mod events;
mod faults;
mod forms;
mod kept;
mod limits;
mod objects;
mod requests;
mod signatures;
mod uploads;
mod versions;
mod wire;
