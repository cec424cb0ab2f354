//! The fuzz targets on the stable toolchain: over the corpus, and over what a mutator makes
//! of it in a few seconds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says best by failing that something is not as expected"
)]

mod corpus;
mod mutation;
mod mutator;
mod targets;
mod trial;
