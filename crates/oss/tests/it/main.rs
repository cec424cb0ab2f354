//! Tests of the public API: published vectors, documents as strangers write them, and the client
//! over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail like the tests"
)]

mod copy;
mod delete;
mod errors;
mod event;
mod get;
mod list;
mod multipart;
mod presign;
mod put;
mod raw;
mod signed;
mod support;
mod vectors;

/// One of the sample documents.
fn vector(name: &str) -> String {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
