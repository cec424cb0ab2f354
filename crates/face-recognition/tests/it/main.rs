//! Tests of face-recognition through its public interface.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail like the tests"
)]

mod drawing;
mod files;
mod orientations;
mod pictures;
