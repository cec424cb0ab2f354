//! The transport over real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of tests may fail like the tests"
)]

mod body;
mod repetition;
mod request;

use std::time::Duration;

use bytes::Bytes;
use transport::{BoxError, RetryPolicy, Transport};

/// Far longer than any test should take; reaching it is a failure.
const LONG: Duration = Duration::from_secs(30);

/// A transport whose pauses are too short to notice.
fn transport(attempts: u32) -> Transport {
    // Every test of this binary shares the process-wide choice of TLS provider.
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Transport::new(client).with_retry(RetryPolicy::new(
        attempts,
        Duration::from_millis(1),
        Duration::from_millis(2),
    ))
}

/// Makes the same GET each time.
fn get(url: String) -> impl Fn() -> Result<http::Request<Bytes>, BoxError> {
    move || Ok(http::Request::get(&url).body(Bytes::new())?)
}
