//! The back ends over real sockets and on real photos.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail like the tests"
)]

mod answers;
mod dataplus;
mod facebody;
mod imm;
mod local;
mod received;
mod support;
mod upload;
