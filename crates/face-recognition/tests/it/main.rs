//! Tests of face-recognition through its public interface.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail like the tests"
)]

mod answers;
mod binary;
mod crowds;
mod drawing;
mod exact;
mod faces_api;
mod files;
mod forge;
mod forms;
mod hostile_files;
mod jpegs;
mod kept;
mod lies;
mod looks;
mod objects;
mod odd_files;
mod orientations;
mod overload;
mod patches;
mod pictures;
mod repetition;
mod rude_oss;
mod running;
mod shutdown;
mod slow_clients;
mod turns;
mod two_processes;
mod versions;
mod wire;
