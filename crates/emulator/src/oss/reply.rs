//! Answers that are not errors.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderName, HeaderValue, StatusCode};

use super::object::{CRC64, Sums};
use super::xml::Xml;

/// An answer with headers only.
pub(crate) fn empty(
    status: StatusCode,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        response.headers_mut().insert(CONTENT_LENGTH, 0.into());
    }
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}

/// 200 without more to say.
pub(crate) fn ok() -> Response {
    empty(StatusCode::OK, [])
}

/// 204.
pub(crate) fn no_content() -> Response {
    empty(StatusCode::NO_CONTENT, [])
}

/// 200 with a document.
pub(crate) fn document(xml: Xml) -> Response {
    let text = xml.finish();
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert(CONTENT_LENGTH, text.len().into());
    *response.body_mut() = Body::from(text);
    response
}

/// 200 with a document about something that was written. The service says what in the headers
/// too, where the official Python SDK looks for it, and how it is encrypted.
pub(crate) fn written(
    xml: Xml,
    sums: &Sums,
    encryption: Vec<(HeaderName, HeaderValue)>,
) -> Response {
    let mut response = document(xml);
    response.headers_mut().extend(encryption);
    response.headers_mut().insert(ETAG, sums.etag_header());
    response.headers_mut().insert(CRC64, sums.crc64.into());
    response
}
