//! Answers: status, the headers every one of them carries, and a body in XML if any.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::gateway;
use crate::mns::refusal::Refusal;
use crate::mns::xml;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-mns-request-id");
const VERSION_HEADER: HeaderName = HeaderName::from_static("x-mns-version");
/// The only version of the protocol there is.
const VERSION: HeaderValue = HeaderValue::from_static("2015-06-06");

/// The outcome of an operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MnsResponse {
    status: StatusCode,
    location: Option<String>,
    body: Option<String>,
}

impl MnsResponse {
    /// An answer with a document.
    pub(super) fn document(status: StatusCode, body: String) -> Self {
        Self {
            status,
            location: None,
            body: Some(body),
        }
    }

    /// Done, and nothing to say about it.
    pub(super) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            location: None,
            body: None,
        }
    }

    /// Something is where `location` says, new or not.
    pub(super) fn made(made: crate::mns::Creation, location: String) -> Self {
        let status = match made {
            crate::mns::Creation::New => StatusCode::CREATED,
            crate::mns::Creation::Unchanged => StatusCode::NO_CONTENT,
        };
        Self {
            status,
            location: Some(location),
            body: None,
        }
    }
}

/// Request id and base URL of the responses to one request.
#[derive(Debug)]
pub(super) struct Context {
    request_id: String,
    base_url: String,
}

impl Context {
    /// A context with a request id of its own. URLs in answers begin with `base_url`.
    pub(super) fn new(base_url: String) -> Self {
        let request_id = format!("{:024X}", rand::random::<u128>() >> 32);
        Self {
            request_id,
            base_url,
        }
    }

    /// The URL of a resource of the service.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base_url)
    }

    /// The answer to an operation that was carried out.
    pub(super) fn respond(&self, answer: MnsResponse) -> Response {
        let MnsResponse {
            status,
            location,
            body,
        } = answer;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(VERSION_HEADER, VERSION);
        let text = |text: &str| HeaderValue::from_str(text).ok();
        headers.extend(text(&self.request_id).map(|id| (REQUEST_ID, id)));
        headers.extend(
            location
                .as_deref()
                .and_then(text)
                .map(|url| (LOCATION, url)),
        );
        if let Some(body) = body {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("text/xml;charset=utf-8"),
            );
            *response.body_mut() = Body::from(body);
        }
        response
    }

    /// The answer to an operation that was not carried out.
    pub(super) fn refusal(&self, refusal: &Refusal) -> Response {
        self.error(refusal.code.status(), refusal.code.name(), &refusal.message)
    }

    /// An error answer for clients of the service's other API.
    pub(super) fn rpc_error(&self, status: StatusCode, code: &str, message: &str) -> Response {
        gateway::error(status, code, message, &self.request_id, &self.base_url)
    }

    /// An error answer with any status and code.
    pub(super) fn error(&self, status: StatusCode, code: &str, message: &str) -> Response {
        let body = xml::document("Error", |error| {
            error.text("Code", code);
            error.text("Message", message);
            error.text("RequestId", &self.request_id);
            error.text("HostId", &self.base_url);
        });
        self.respond(MnsResponse::document(status, body))
    }
}
