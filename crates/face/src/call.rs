//! One call of a face service: the terms are the same for all of them.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use transport::{BoxError, Call, Replay, Transport, retry_after};

use crate::error::FaceError;
use crate::refusal::classify;

/// A service fetches the picture itself before it looks for faces.
const ATTEMPT_DEADLINE: Duration = Duration::from_secs(20);

/// Landmarks and features of a hundred faces fit many times over.
const RESPONSE_LIMIT_BYTES: usize = 4 << 20;

/// Sends what `request` makes and signs anew for each attempt, and reads the response. A temporary
/// refusal carries the wait that the service asked for.
pub(crate) async fn call<T>(
    transport: &Transport,
    service: &'static str,
    request: impl Fn() -> Result<http::Request<Bytes>, BoxError> + Send + Sync,
    read: impl FnOnce(StatusCode, &[u8]) -> Result<T, FaceError>,
) -> Result<T, FaceError> {
    let terms = Call::new(ATTEMPT_DEADLINE, RESPONSE_LIMIT_BYTES)
        .replay(Replay::Safe)
        .classify(classify);
    let response = transport.send(&terms, request).await;
    let response = response.map_err(|source| FaceError::from_transport(service, source))?;
    let wait = retry_after(response.headers(), Timestamp::now());
    read(response.status(), response.body()).map_err(|error| error.with_wait(wait))
}
