//! The emulator over sockets, service by service.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod admin;
mod answer;
mod binary;
mod face;
mod mns;
mod mns_open;
mod oss;
mod presented;
mod process;
mod running;
mod tls;
