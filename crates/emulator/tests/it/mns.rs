//! MNS over sockets: statuses, documents and the corners of the protocol.

pub(crate) mod caller;
mod client;
mod faults;
mod kept;
mod limits;
mod messages;
mod queues;
mod stop;
mod topics;
