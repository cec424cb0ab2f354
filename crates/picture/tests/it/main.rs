//! Tests on whole files.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail like the tests"
)]

mod corpus;
mod described;
mod drawing;
mod exact;
mod files;
mod forge;
mod gifs;
mod jpegs;
mod kept;
mod looks;
mod odd_files;
mod orientations;
mod patches;
mod pictures;
mod progressive;
mod similar;
mod turns;
