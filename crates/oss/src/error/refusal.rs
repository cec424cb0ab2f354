//! What OSS says when it refuses, and which refusals pass.
//!
//! OSS's statuses are too coarse for that: it sends 400 for a body that was damaged on the way
//! and 403 for a token that a fresh one replaces, so the code in the document counts as well.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use transport::{Disposition, RetryClass, classify_status, retry_after};

use crate::shown::Shown;
use crate::wire::ErrorDocument;

/// How much of a message or name that OSS sent is shown, in characters.
const SHOWN_CHARS: usize = 300;

/// A refusal in OSS's words.
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
        let answer = answer(head.status, document.code.as_deref());
        Self {
            status: head.status,
            disposition: disposition(answer, document.code.as_deref(), &head.headers),
            document,
            request_id: request_id.unwrap_or_default(),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// OSS's word for the reason, such as `NoSuchKey`; `None` if the answer held no error
    /// document.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.document.code.as_deref()
    }

    /// OSS's sentence about the reason.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.document.message.as_deref()
    }

    /// OSS's number for the request; empty if it gave none.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// OSS's number for the kind of refusal, such as `0026-00000001`.
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

/// Text from an answer, fit to be shown.
pub(super) fn shown(text: &str) -> Shown<'_> {
    Shown {
        text,
        limit: SHOWN_CHARS,
    }
}

/// How an answer bears on a repetition of its call; looks into the document where the status
/// does not tell.
pub(crate) fn classify(response: &http::Response<Bytes>) -> RetryClass {
    let status = response.status();
    if status.is_success() {
        return RetryClass::Final;
    }
    let document = ErrorDocument::find(response.headers(), response.body());
    answer(
        status,
        document.and_then(|document| document.code).as_deref(),
    )
}

fn answer(status: StatusCode, code: Option<&str>) -> RetryClass {
    match code {
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

/// As [`RetryClass`], but with a longer view: what is refused for the credentials it was signed
/// with passes once they are rotated, and that happens without a restart.
fn disposition(answer: RetryClass, code: Option<&str>, headers: &HeaderMap) -> Disposition {
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
    match answer {
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
