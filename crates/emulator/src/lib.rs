//! OSS, MNS and the face APIs on one machine, close enough to the real services that the
//! official SDKs cannot tell, and able to misbehave on request.
//!
//! Each service has its own listener; an admin API on a fourth one connects buckets to
//! topics, injects faults and gives counts. Signatures are always checked. It never calls
//! out, except where a face API is given the URL of a photo.

pub mod call;
pub mod captures;
pub mod clock;
pub mod face;
pub mod faults;
pub mod gate;
pub mod journal;
pub mod keys;
pub mod mns;
pub mod serve;
pub mod settings;
pub mod shared;
pub mod stats;
