//! One call as an HTTP request, before it is dated and signed.
//!
//! `Content-MD5` is left out: documentation and SDKs disagree about what it holds.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use transport::{BoxError, Call, Replay};

use crate::client::unwritable;
use crate::endpoint::Endpoint;
use crate::error::{CallName, Error, WriteError};
use crate::list::ListRequest;

const VERSION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-mns-version"),
    HeaderValue::from_static("2015-06-06"),
);
const WITH_META: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-mns-with-meta"),
    HeaderValue::from_static("true"),
);
const XML: HeaderValue = HeaderValue::from_static("text/xml;charset=UTF-8");

/// Room for a response without messages: an error, attributes, results of a batch of 16.
const RESPONSE_BYTES: usize = 64 * 1024;

/// Room for a page of 1,000 queues with all their attributes.
pub(crate) const LIST_RESPONSE_BYTES: usize = 2 * 1024 * 1024;

/// Room for one received message: 64 KiB in which every character is written as the longest
/// reference that MNS uses (`&quot;`), and its other elements.
pub(crate) const MESSAGE_RESPONSE_BYTES: usize = 6 * 64 * 1024 + 8 * 1024;

/// A call: its operation, resource, content and limits.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    name: CallName,
    method: Method,
    query: String,
    headers: HeaderMap,
    body: Bytes,
    hold: Duration,
    response_limit_bytes: usize,
    replay: Replay,
}

impl Request {
    fn new(method: Method, operation: &'static str, resource: String) -> Self {
        Self {
            name: CallName {
                operation,
                resource,
            },
            method,
            query: String::new(),
            headers: HeaderMap::from_iter([VERSION]),
            body: Bytes::new(),
            hold: Duration::ZERO,
            response_limit_bytes: RESPONSE_BYTES,
            replay: Replay::Safe,
        }
    }

    /// A call that reads, or receives.
    pub(crate) fn get(operation: &'static str, resource: String) -> Self {
        Self::new(Method::GET, operation, resource)
    }

    /// A call that sets something; repeating it changes nothing.
    pub(crate) fn put(operation: &'static str, resource: String) -> Self {
        Self::new(Method::PUT, operation, resource)
    }

    /// A call that deletes.
    pub(crate) fn delete(operation: &'static str, resource: String) -> Self {
        Self::new(Method::DELETE, operation, resource)
    }

    /// A call that adds a message each time it is made, so it is repeated only when the service
    /// certainly did nothing.
    pub(crate) fn post(operation: &'static str, resource: String) -> Self {
        Self {
            replay: Replay::Unprocessed,
            ..Self::new(Method::POST, operation, resource)
        }
    }

    /// Adds the query, already encoded.
    pub(crate) fn query(self, query: impl Into<String>) -> Self {
        Self {
            query: query.into(),
            ..self
        }
    }

    /// Adds a body, unless it could not be written.
    pub(crate) fn body<E: Into<WriteError>>(
        mut self,
        body: Result<Bytes, E>,
    ) -> Result<Self, Error> {
        match body {
            Ok(body) => self.body = body,
            Err(source) => return Err(unwritable(self.name, source)),
        }
        self.headers.insert(CONTENT_TYPE, XML);
        Ok(self)
    }

    /// Adds the headers of a list.
    pub(crate) fn listing(mut self, request: &ListRequest) -> Result<Self, Error> {
        let Some(headers) = request.headers() else {
            return Err(unwritable(self.name, WriteError::ListHeader));
        };
        self.headers.extend(headers);
        Ok(self)
    }

    /// Asks for attributes beside the names of a list.
    pub(crate) fn with_meta(mut self) -> Self {
        self.headers
            .extend([WITH_META].map(|(name, value)| (Some(name), value)));
        self
    }

    /// Sets how long MNS may hold the call before it responds.
    pub(crate) fn hold(self, hold: Duration) -> Self {
        Self { hold, ..self }
    }

    /// Sets how large the response may be.
    pub(crate) fn response_limit(self, response_limit_bytes: usize) -> Self {
        Self {
            response_limit_bytes,
            ..self
        }
    }

    /// The name of the call in errors and logs.
    pub(crate) fn name(&self) -> &CallName {
        &self.name
    }

    /// How the transport makes the call; `timeout` is for an attempt beside the long poll.
    pub(crate) fn call(&self, timeout: Duration) -> Call {
        Call::new(self.hold + timeout, self.response_limit_bytes).replay(self.replay)
    }

    /// The request, not yet dated or signed.
    pub(crate) fn to_http(&self, endpoint: &Endpoint) -> Result<http::Request<Bytes>, BoxError> {
        let separator = if self.query.is_empty() { "" } else { "?" };
        let target = format!("/{}{separator}{}", self.name.resource, self.query);
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = endpoint.uri(&target)?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}
