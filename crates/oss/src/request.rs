//! One request: its parts, its signature for each attempt, and the check of its response.
//!
//! The address is encoded once and used for signing and sending alike. Redirects and endpoints in a
//! response are not followed.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use signing::SignError;
use signing::oss::Resource;
use transport::{Call, Replay, read_bounded};

use crate::bucket::Bucket;
use crate::error::{Context, Error, Operation, classify};
use crate::meta::Metadata;
use crate::names::ObjectKey;
use crate::wire::{self, Document};

/// How long the document of a refused [`Request::open`] may take to arrive.
const ERROR_DEADLINE: Duration = Duration::from_secs(30);

/// The slowest upload that is worth waiting for, in bytes per second.
const SLOWEST_BYTES_PER_SECOND: u64 = 128 * 1024;

/// Most bytes of an error document. `SignatureDoesNotMatch` repeats the request in
/// hexadecimal, which takes the longest key and a token to some 30 KiB.
const ERROR_LIMIT_BYTES: usize = 128 * 1024;

const FORBID_OVERWRITE: HeaderName = HeaderName::from_static("x-oss-forbid-overwrite");

/// A request to be sent.
pub(crate) struct Request<'a> {
    bucket: &'a Bucket,
    context: Context,
    method: Method,
    query: Vec<(&'a str, &'a str)>,
    headers: HeaderMap,
    body: Bytes,
    replay: Replay,
    response_limit_bytes: usize,
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        bucket: &'a Bucket,
        operation: Operation,
        method: Method,
        key: Option<&ObjectKey>,
    ) -> Self {
        Self {
            bucket,
            context: bucket.context(operation, key),
            method,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            replay: Replay::Safe,
            response_limit_bytes: ERROR_LIMIT_BYTES,
        }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    pub(crate) fn query(mut self, name: &'a str, value: &'a str) -> Self {
        self.query.push((name, value));
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds a header whose value is text, of any script.
    pub(crate) fn text(self, name: HeaderName, value: &str) -> Result<Self, Error> {
        match HeaderValue::from_bytes(value.as_bytes()) {
            Ok(value) => Ok(self.header(name, value)),
            Err(_) => Err(Error::outside_limits(
                &self.context,
                "a header cannot carry the value",
            )),
        }
    }

    /// Adds the user's own metadata.
    pub(crate) fn metadata(mut self, metadata: &Metadata) -> Result<Self, Error> {
        for (name, value) in metadata.headers() {
            let name = HeaderName::try_from(name)
                .map_err(|_| Error::outside_limits(&self.context, "a metadata name is too long"))?;
            self = self.text(name, value)?;
        }
        Ok(self)
    }

    /// Asks OSS to refuse if there is an object already.
    pub(crate) fn forbid_overwrite(self) -> Self {
        self.header(FORBID_OVERWRITE, HeaderValue::from_static("true"))
    }

    pub(crate) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }

    pub(crate) fn xml(self, document: String) -> Self {
        self.header(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/xml"),
        )
        .body(document.into())
    }

    /// For a request whose repetition does harm, unless OSS certainly did nothing.
    pub(crate) fn not_repeatable(mut self) -> Self {
        self.replay = Replay::Unprocessed;
        self
    }

    pub(crate) fn response_limit_bytes(mut self, limit: usize) -> Self {
        self.response_limit_bytes = limit;
        self
    }

    /// Sends and reads a successful answer.
    pub(crate) async fn send(&self) -> Result<http::Response<Bytes>, Error> {
        let transport = self.bucket.client().transport();
        let response = transport
            .send(&self.call(), || self.signed(Timestamp::now()))
            .await
            .map_err(|source| Error::unanswered(&self.context, source))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (head, body) = response.into_parts();
        Err(Error::refused(&self.context, &head, &body))
    }

    /// Sends and reads a document of this kind.
    pub(crate) async fn send_for<T: Document>(&self) -> Result<(HeaderMap, T), Error> {
        let (head, body) = self.send().await?.into_parts();
        // Long operations answer 200 before they know; what went wrong is then in the body.
        if wire::ErrorDocument::in_body(&body).is_some() {
            return Err(Error::refused(&self.context, &head, &body));
        }
        let document =
            wire::read(&body).map_err(|source| Error::unreadable(&self.context, source))?;
        Ok((head.headers, document))
    }

    /// Sends and leaves the body of a successful answer unread.
    pub(crate) async fn open(&self) -> Result<reqwest::Response, Error> {
        let unanswered = |source| Error::unanswered(&self.context, source);
        let transport = self.bucket.client().transport();
        let response = transport
            .open(&self.call(), || self.signed(Timestamp::now()))
            .await
            .map_err(unanswered)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let mut head = http::Response::new(());
        *head.status_mut() = response.status();
        *head.headers_mut() = response.headers().clone();
        let body = read_bounded(response, ERROR_LIMIT_BYTES);
        let body = tokio::time::timeout(ERROR_DEADLINE, body).await;
        // The status alone says enough if the document cannot be had.
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        Err(Error::refused(&self.context, &head.into_parts().0, &body))
    }

    fn call(&self) -> Call {
        let moving = self.body.len() as u64 / SLOWEST_BYTES_PER_SECOND;
        Call::new(
            self.bucket.client().timeout() + Duration::from_secs(moving),
            self.response_limit_bytes,
        )
        .replay(self.replay)
        .classify(classify)
    }

    fn signed(&self, now: Timestamp) -> Result<http::Request<Bytes>, SignError> {
        let client = self.bucket.client();
        let mut parts = self.unsigned()?;
        client.signer().sign(
            &mut parts,
            self.resource(),
            &client.credentials().get(),
            now,
        )?;
        Ok(http::Request::from_parts(parts, self.body.clone()))
    }

    /// The request before it is dated.
    fn unsigned(&self) -> Result<http::request::Parts, SignError> {
        let Context { bucket, key, .. } = &self.context;
        let address = self
            .bucket
            .client()
            .endpoint()
            .address(bucket, key.as_ref(), &self.query);
        let mut request = http::Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = address.parse().map_err(|_| SignError::Target)?;
        *request.headers_mut() = self.headers.clone();
        if matches!(self.method, Method::PUT | Method::POST) {
            // The HTTP library leaves out a length of 0, and OSS insists on one.
            request
                .headers_mut()
                .insert(header::CONTENT_LENGTH, self.body.len().into());
        }
        Ok(request.into_parts().0)
    }

    fn resource(&self) -> Resource<'_> {
        Resource {
            bucket: Some(self.context.bucket.as_str()),
            key: self.context.key.as_ref().map(ObjectKey::as_str),
        }
    }

    /// Signs the address instead of sending the request.
    pub(crate) fn presigned(
        &self,
        expires: Duration,
        now: Timestamp,
    ) -> Result<http::Uri, SignError> {
        let client = self.bucket.client();
        let mut parts = self.unsigned()?;
        let credentials = client.credentials().get();
        client
            .signer()
            .presign(&mut parts, self.resource(), expires, &credentials, now)?;
        Ok(parts.uri)
    }
}
