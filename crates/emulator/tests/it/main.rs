//! The emulator over sockets, service by service.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod admin;
mod binary;
mod face;
mod mns;
mod mns_open;
mod oss;
mod presented;
mod process;
mod running;
mod tls;
