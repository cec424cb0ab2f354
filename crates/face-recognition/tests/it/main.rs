//! Tests of face-recognition through its public interface.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail like the tests"
)]

mod answers;
mod attributes;
mod binary;
mod crowds;
mod faces_api;
#[path = "../../../picture/tests/it/forge.rs"]
mod forge;
mod forms;
mod hostile_files;
mod lies;
mod objects;
mod output;
mod overload;
mod pictures;
mod repetition;
mod rude_oss;
mod running;
mod shutdown;
mod sidecars;
mod slow_clients;
mod tokens;
mod two_processes;
mod versions;
mod wire;
