//! The traffic through a proxy, as text.

use std::sync::Mutex;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use testbed::{RecordedResponse, Recorder};

/// Every request and every response, one text each.
#[derive(Default)]
pub(super) struct Transcript(Mutex<Vec<String>>);

impl Transcript {
    pub(super) fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn keep(&self, headers: &HeaderMap, body: &[u8]) {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut lines = vec![lossy(body)];
        for (name, value) in headers {
            lines.push(format!("{name}: {}", lossy(value.as_bytes())));
            // A dead letter carries the refusal in base64.
            lines.push(lossy(&BASE64_STANDARD.decode(value).unwrap_or_default()));
        }
        self.0.lock().unwrap().push(lines.join("\n"));
    }
}

impl Recorder for Transcript {
    type Exchange = ();

    fn request(&self, headers: &HeaderMap, body: &Bytes) {
        self.keep(headers, body);
    }

    fn response(&self, (): (), response: &RecordedResponse) -> bool {
        self.keep(&response.headers, &response.body);
        true
    }
}
