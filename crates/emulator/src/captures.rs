//! The last requests, as they were received, so that a test can compute their signatures
//! again with the signer of another program. Off unless asked for: what is kept holds valid
//! signatures and presigned URLs.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::request::Parts;
use parking_lot::Mutex;
use serde::Serialize;

use crate::call::{Call, Service};

/// How many requests are kept: more than any one test sends.
const CAPACITY: usize = 256;

/// One request as it was received.
#[derive(Debug, Clone, Serialize)]
pub struct Capture {
    /// The service asked.
    pub service: Service,
    /// The operation asked for.
    pub operation: &'static str,
    /// HTTP method.
    pub method: String,
    /// Path and query exactly as on the request line.
    pub target: String,
    /// Headers in order of arrival, names in lower case. Bytes outside ASCII are read as
    /// UTF-8 where possible.
    pub headers: Vec<(String, String)>,
    /// Base64 of the body; `None` where the service streams it.
    pub body: Option<String>,
}

/// The last requests; keeps nothing when it is off.
#[derive(Debug)]
pub struct Captures(Option<Mutex<VecDeque<Capture>>>);

impl Captures {
    /// Keeps requests only if `on`.
    #[must_use]
    pub fn new(on: bool) -> Self {
        Self(on.then(Mutex::default))
    }

    /// Keeps a request, and lets go of the oldest when there are too many.
    pub fn record(&self, call: Call, request: &Parts, body: Option<&Bytes>) {
        let Some(kept) = &self.0 else { return };
        let mut kept = kept.lock();
        if kept.len() == CAPACITY {
            kept.pop_front();
        }
        kept.push_back(capture(call, request, body));
    }

    /// The kept requests, oldest first; `None` when nothing is kept at all.
    #[must_use]
    pub fn list(&self) -> Option<Vec<Capture>> {
        let kept = self.0.as_ref()?.lock();
        Some(kept.iter().cloned().collect())
    }
}

fn capture(call: Call, request: &Parts, body: Option<&Bytes>) -> Capture {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = request.headers.iter();
    Capture {
        service: call.service,
        operation: call.operation,
        method: request.method.to_string(),
        target: request.uri.to_string(),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body: body.map(|body| BASE64_STANDARD.encode(body)),
    }
}
