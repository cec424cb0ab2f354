//! The transport over real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of tests may fail like the tests"
)]

mod body;
mod origin;
mod reach;
mod repetition;
mod request;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use transport::{BoxError, ConnectOptions, RetryPolicy, Transport};

/// Far longer than any test should take; reaching it is a failure.
const LONG: Duration = Duration::from_secs(30);

/// A transport whose pauses are too short to notice.
fn transport(attempts: u32) -> Transport {
    let retry = RetryPolicy::new(attempts, Duration::from_millis(1), Duration::from_millis(2));
    let transport = Transport::connect(&ConnectOptions::default()).unwrap();
    transport.with_retry(retry)
}

/// Makes the same GET each time.
fn get(url: String) -> impl Fn() -> Result<http::Request<Bytes>, BoxError> {
    move || Ok(http::Request::get(&url).body(Bytes::new())?)
}
