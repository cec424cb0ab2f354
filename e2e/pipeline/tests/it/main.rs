//! The pipeline as its users see it: real binaries, real sockets, real photos.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says best by failing that something is not as expected"
)]

mod console;
mod dashboard;
mod delivery;
mod fixture;
mod keys;
mod metrics;
mod photos;
mod roles;
mod secrets;
mod traces;
