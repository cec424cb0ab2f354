//! The adapter between a queue and a sink that speak HTTP, in one process.
//!
//! Neither the wire format nor the signature nor time is mocked: the queue is a small
//! server with MNS's own rules about handles and visibility.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binary;
mod configuration;
mod conversion;
mod crash;
mod delivery;
mod failure;
mod fake_mns;
mod fake_sink;
mod hostile_sink;
mod limits;
mod logs;
mod original;
mod outage;
mod poison;
mod raw_sink;
mod running;
mod shutdown;
mod slow_clients;
mod tls_sink;
mod tokens;
mod trust_bundles;
mod visibility;
mod volume;
