//! Refusals, and which of them are temporary.
//!
//! The status alone does not tell: OSS sends 400 for a body that was damaged on the way, and 403
//! for a token that a fresh one replaces. So the code in the document counts as well.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use transport::{Disposition, Printable, RetryClass, classify_status, retry_after};

use crate::wire::ErrorDocument;

/// How much of a text from OSS an error repeats, in characters.
const SHOWN_CHARS: usize = 300;

/// A refusal as OSS states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    document: ErrorDocument,
    request_id: String,
    disposition: Disposition,
}

impl Refusal {
    pub(crate) fn read(head: &http::response::Parts, body: &[u8]) -> Self {
        let header = |name| text(&head.headers, name);
        let mut document = ErrorDocument::find(&head.headers, body).unwrap_or_default();
        document.ec = document.ec.or(header("x-oss-ec"));
        let request_id = header("x-oss-request-id").or(document.request_id.clone());
        let class = retry_class(head.status, document.code.as_deref());
        Self {
            status: head.status,
            disposition: disposition(class, document.code.as_deref(), &head.headers),
            document,
            request_id: request_id.unwrap_or_default(),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The error code, such as `NoSuchKey`; `None` if the response held no error document.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.document.code.as_deref()
    }

    /// The message for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.document.message.as_deref()
    }

    /// The request id; empty if OSS gave none.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The `EC`, which identifies the reason more closely than the code: `0026-00000001`, say.
    #[must_use]
    pub fn event_code(&self) -> Option<&str> {
        self.document.ec.as_deref()
    }

    pub(super) fn disposition(&self) -> Disposition {
        self.disposition
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let document = &self.document;
        write!(f, "status {}", self.status.as_u16())?;
        for (name, value) in [
            ("code", &document.code),
            ("message", &document.message),
            ("right endpoint", &document.endpoint),
            ("EC", &document.ec),
        ] {
            if let Some(value) = value {
                write!(f, ", {name} `{}`", shown(value))?;
            }
        }
        write!(f, ", request `{}`", shown(&self.request_id))
    }
}

/// Text from a response, made fit for an error message.
pub(super) fn shown(text: &str) -> Printable<'_> {
    Printable::cut(text, SHOWN_CHARS)
}

/// Whether a response calls for another attempt; by the code in its document, else by status.
pub(crate) fn classify(response: &http::Response<Bytes>) -> RetryClass {
    let status = response.status();
    if status.is_success() {
        return RetryClass::Final;
    }
    let document = ErrorDocument::find(response.headers(), response.body());
    retry_class(
        status,
        document.and_then(|document| document.code).as_deref(),
    )
}

fn retry_class(status: StatusCode, code: Option<&str>) -> RetryClass {
    match code {
        // Spelled as the service spells it: too many requests for neighbouring names.
        Some("PartitionQpsLimitted") => RetryClass::Throttled,
        Some(code) if code.ends_with("LimitExceeded") || code.starts_with("Throttling") => {
            RetryClass::Throttled
        }
        Some(
            // The service gave up waiting for the body, or got one that differs from its sum.
            "RequestTimeout" | "IncompleteBody" | "InvalidDigest" | "InvalidCRC64"
            // Long operations say this with status 200.
            | "InternalError" | "ServiceUnavailable",
        ) => RetryClass::Transient,
        _ => classify_status(status),
    }
}

/// As [`RetryClass`], but with a longer view: a refusal of the credentials passes once they are
/// rotated, which happens without a restart.
fn disposition(class: RetryClass, code: Option<&str>, headers: &HeaderMap) -> Disposition {
    let credentials = matches!(
        code,
        Some(
            "SecurityTokenExpired"
                | "InvalidSecurityToken"
                | "AccessKeyIdAndSecurityTokenNotMatch"
                | "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
        )
    );
    match class {
        RetryClass::Final if credentials => Disposition::Retry,
        RetryClass::Final => Disposition::Permanent,
        RetryClass::Throttled | RetryClass::Transient => {
            Disposition::retry_after(retry_after(headers, Timestamp::now()))
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
