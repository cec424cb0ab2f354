//! The errors of OSS, as documents that clients understand.
//!
//! Statuses, codes and the elements beside them are those of the real service; the messages
//! say the same in its words where clients are known to look at them.

use std::borrow::Cow;
use std::fmt;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::request_id::RequestId;
use super::xml::Xml;
use crate::journal::JournalError;

/// Carries the error document of an answer that has no body, in base64.
const X_OSS_ERR: HeaderName = HeaderName::from_static("x-oss-err");

/// Why OSS refuses a request.
#[derive(Debug, Clone)]
pub(crate) struct OssError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    event_code: Option<&'static str>,
    elements: Vec<(&'static str, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

pub(crate) type Result<T, E = OssError> = std::result::Result<T, E>;

impl OssError {
    /// An error of any code.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            event_code: None,
            elements: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Adds an element that goes with the code.
    pub(crate) fn with(mut self, element: &'static str, text: impl Into<String>) -> Self {
        self.elements.push((element, text.into()));
        self
    }

    /// Adds a header that goes with the code.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds the event code, which names the exact circumstance.
    pub(crate) fn with_event_code(mut self, event_code: &'static str) -> Self {
        self.event_code = Some(event_code);
        self
    }

    pub(crate) fn bad(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn forbidden(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// Not allowed, for any of many reasons that the message gives.
    pub(crate) fn access_denied(message: impl Into<Cow<'static, str>>) -> Self {
        Self::forbidden("AccessDenied", message)
    }

    /// A parameter or header whose value makes no sense.
    pub(crate) fn invalid_argument(name: &str, value: &str) -> Self {
        Self::bad(
            "InvalidArgument",
            format!("The value of {name} is invalid."),
        )
        .with("ArgumentName", name)
        .with("ArgumentValue", value)
    }

    /// Something that the emulator does not play; `header` is the part that asks for it.
    pub(crate) fn not_implemented(header: &str) -> Self {
        let message = "A header you provided implies functionality that is not implemented.";
        Self::bad("NotImplemented", message).with("Header", header)
    }

    pub(crate) fn malformed_xml() -> Self {
        let message = "The XML you provided was not well-formed or did not validate against our \
                       published schema.";
        Self::bad("MalformedXML", message)
    }

    /// More requests than a limit allows.
    pub(crate) fn too_many_requests() -> Self {
        let message = "Max total qps limit is exceeded";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TotalQpsLimitExceeded",
            message,
        )
        .with_event_code("0004-00000302")
    }

    pub(crate) fn no_such_bucket(bucket: &str) -> Self {
        let message = "The specified bucket does not exist.";
        Self::new(StatusCode::NOT_FOUND, "NoSuchBucket", message)
            .with("BucketName", bucket)
            .with_event_code("0015-00000101")
    }

    pub(crate) fn no_such_key(key: &str) -> Self {
        let message = "The specified key does not exist.";
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", message)
            .with("Key", key)
            .with_event_code("0026-00000001")
    }

    pub(crate) fn no_such_version(version: &str) -> Self {
        let message = "The specified version does not exist.";
        Self::new(StatusCode::NOT_FOUND, "NoSuchVersion", message).with("VersionId", version)
    }

    pub(crate) fn no_such_upload(upload_id: &str) -> Self {
        let message = "The specified upload does not exist. The upload ID may be invalid, or the \
                       upload may have been aborted or completed.";
        Self::new(StatusCode::NOT_FOUND, "NoSuchUpload", message).with("UploadId", upload_id)
    }

    pub(crate) fn conflict(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    pub(crate) fn precondition_failed(condition: &'static str) -> Self {
        let message = "At least one of the pre-conditions you specified did not hold.";
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            message,
        )
        .with("Condition", condition)
    }

    /// Not an error to the client that asked with a condition; has no body.
    pub(crate) fn not_modified(etag: HeaderValue) -> Self {
        Self::new(StatusCode::NOT_MODIFIED, "NotModified", "Not modified.")
            .with_header(http::header::ETAG, etag)
    }

    pub(crate) fn too_large(limit: u64) -> Self {
        let message = "Your proposed upload exceeds the maximum allowed object size.";
        Self::bad("EntityTooLarge", message).with("MaxSizeAllowed", limit.to_string())
    }

    /// The emulator itself is in trouble. The cause is for the log only.
    pub(crate) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(cause, "cannot keep or read an object");
        let message = "We encountered an internal error. Please try again.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// The error as an answer to `method` on `host`. The answer to a HEAD request has no
    /// body: what it would say stands in a header.
    pub(crate) fn into_response(self, method: &Method, host: &str, id: RequestId) -> Response {
        let document = self.document(host, id);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.extend(self.headers);
        if let Some(event_code) = self.event_code {
            headers.insert("x-oss-ec", HeaderValue::from_static(event_code));
        }
        if method == Method::HEAD {
            let encoded = HeaderValue::try_from(BASE64_STANDARD.encode(document));
            headers.extend(encoded.map(|encoded| (X_OSS_ERR, encoded)));
        } else if self.status != StatusCode::NOT_MODIFIED {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
            headers.insert(CONTENT_LENGTH, document.len().into());
            *response.body_mut() = Body::from(document);
        }
        response
    }

    fn document(&self, host: &str, id: RequestId) -> String {
        let mut xml = Xml::new("Error");
        xml.text("Code", &self.code).text("Message", &self.message);
        xml.text("RequestId", &id.to_string()).text("HostId", host);
        for (element, text) in &self.elements {
            xml.text(element, text);
        }
        if let Some(event_code) = self.event_code {
            xml.text("EC", event_code);
        }
        xml.finish()
    }
}

impl fmt::Display for OssError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.status.as_u16(),
            self.code,
            self.message
        )
    }
}

impl std::error::Error for OssError {}

impl From<JournalError> for OssError {
    fn from(error: JournalError) -> Self {
        Self::internal(&error)
    }
}

impl From<std::io::Error> for OssError {
    fn from(error: std::io::Error) -> Self {
        Self::internal(&error)
    }
}
