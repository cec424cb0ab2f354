//! Calls OSS as a careful stranger would: every header and byte is the test's own.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use service::{ConnectOptions, http_client};
use signing::Credentials;
use signing::oss::{Resource, SignatureVersion};

use crate::answer::Answer;
use crate::running::{REGION, Running, credentials};

/// Signs and sends requests, path-style.
pub(crate) struct Caller {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) credentials: Credentials,
    pub(crate) version: SignatureVersion,
}

/// An emulator with a bucket `photos`, and its caller.
pub(crate) async fn scene() -> (Running, Caller) {
    let running = Running::start().await;
    let oss = Caller::of(&running);
    oss.expect("PUT /photos", "", "200").await;
    (running, oss)
}

impl Caller {
    pub(crate) fn of(running: &Running) -> Self {
        Self::at(format!("http://{}", running.addresses.oss))
    }

    pub(crate) fn at(base: String) -> Self {
        let version = SignatureVersion::V4 {
            region: REGION.to_owned(),
        };
        let http = http_client(&ConnectOptions::default()).unwrap();
        Self {
            http,
            base,
            credentials: credentials(),
            version,
        }
    }

    /// Sends `line`, a method and a target, with a body that may be empty.
    pub(crate) async fn call(&self, line: &str, body: impl Into<Bytes>) -> Answer {
        self.call_with(line, &[], body).await
    }

    /// Sends `line` and a body, to which the outcome must be `expected`.
    pub(crate) async fn expect(&self, line: &str, body: impl Into<Bytes>, expected: &str) {
        assert_eq!(self.call(line, body).await.outcome(), expected, "{line}");
    }

    /// Begins an upload in parts of a key of `photos`; gives its id.
    pub(crate) async fn begin(&self, key: &str) -> String {
        let begun = self.call(&format!("POST /photos/{key}?uploads"), "").await;
        begun.text("UploadId").to_owned()
    }

    /// Sends further headers too, which are signed where the rules say so.
    pub(crate) async fn call_with(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        self.send(self.signed(line, headers, body)).await.unwrap()
    }

    /// Sends a request that nobody signed.
    pub(crate) async fn anonymous(&self, line: &str, body: impl Into<Bytes>) -> Answer {
        self.send(self.unsigned(line, &[], body)).await.unwrap()
    }

    /// A signed request, to be changed before it is sent.
    pub(crate) fn signed(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Request<Bytes> {
        let (mut parts, body) = self.unsigned(line, headers, body).into_parts();
        let path = percent_decode_str(parts.uri.path())
            .decode_utf8()
            .unwrap()
            .into_owned();
        let path = path.strip_prefix('/').unwrap_or_default();
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let present = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let resource = Resource {
            bucket: present(bucket),
            key: present(key),
        };
        self.version
            .sign(&mut parts, resource, &self.credentials, Timestamp::now())
            .unwrap();
        Request::from_parts(parts, body)
    }

    /// A request without a signature.
    pub(crate) fn unsigned(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Request<Bytes> {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.into()).unwrap()
    }

    /// Sends a request whose answer may never come.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> reqwest::Result<Answer> {
        Answer::to(request, &self.http).await
    }
}
