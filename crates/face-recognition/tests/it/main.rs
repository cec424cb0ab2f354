//! Tests of face-recognition through its public interface.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail like the tests"
)]

mod answers;
mod drawing;
mod faces_api;
mod files;
mod forms;
mod objects;
mod orientations;
mod patches;
mod pictures;
mod repetition;
mod running;
mod shutdown;
