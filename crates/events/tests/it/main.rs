//! The crate as its users see it: events to requests and back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod decode;
mod encode;
mod versions;

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers from pairs whose values may hold any bytes a connection can carry.
fn headers(pairs: &[(&str, &[u8])]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_bytes(value).unwrap())
        })
        .collect()
}
