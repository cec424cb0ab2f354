//! Tests of the public API: published vectors, documents as strangers write them, and the client
//! over real sockets.

mod event;
mod vectors;

/// One of the sample documents.
pub fn vector(name: &str) -> String {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
