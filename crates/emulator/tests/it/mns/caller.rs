//! Calls MNS as a careful stranger would: every header and byte is the test's own.

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use service::{ConnectOptions, http_client};
use signing::Credentials;
use signing::mns::v2;

use crate::answer::Answer;
use crate::running::{Running, credentials};

/// Signs and sends requests.
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
    pub(crate) credentials: Credentials,
}

/// An emulator with a queue `q`, and its caller.
pub(crate) async fn scene() -> (Running, Caller) {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    mns.create_queue("q", "").await;
    (running, mns)
}

impl Caller {
    pub(crate) fn of(running: &Running) -> Self {
        Self::at(format!("http://{}", running.addresses.mns))
    }

    pub(crate) fn at(base: String) -> Self {
        let http = http_client(&ConnectOptions::default()).unwrap();
        Self {
            http,
            base,
            credentials: credentials(),
        }
    }

    /// Sends `line`, a method and a target, with a body that may be empty.
    pub(crate) async fn call(&self, line: &str, body: &str) -> Answer {
        self.call_with(line, &[], body).await
    }

    /// Sends `line` and a body, to which the outcome must be `expected`.
    pub(crate) async fn expect(&self, line: &str, body: &str, expected: &str) {
        assert_eq!(self.call(line, body).await.outcome(), expected, "{line}");
    }

    /// Sends further headers too, which are signed where the rules say so.
    pub(crate) async fn call_with(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.base))
            .header("x-mns-version", "2015-06-06");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "text/xml;charset=UTF-8");
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        v2::sign(&mut parts, &self.credentials, Timestamp::now()).unwrap();
        let request = Request::from_parts(parts, Bytes::from(body.to_owned()));
        Answer::to(request, &self.http).await.unwrap()
    }

    /// Makes a queue with the given attributes.
    pub(crate) async fn create_queue(&self, name: &str, attributes: &str) {
        let body = format!("<Queue>{attributes}</Queue>");
        self.expect(&format!("PUT /queues/{name}"), &body, "201")
            .await;
    }

    /// Sends a plain message to a queue.
    pub(crate) async fn send(&self, queue: &str, body: &str) {
        let body = format!("<Message><MessageBody>{body}</MessageBody></Message>");
        self.expect(&format!("POST /queues/{queue}/messages"), &body, "201")
            .await;
    }

    /// Receives a message that is known to be there.
    pub(crate) async fn receive(&self, queue: &str) -> Answer {
        let answer = self
            .call(&format!("GET /queues/{queue}/messages?waitseconds=5"), "")
            .await;
        assert_eq!(answer.outcome(), "200");
        answer
    }

    /// Deletes by receipt handle; gives status and code.
    pub(crate) async fn delete(&self, queue: &str, handle: &str) -> String {
        let line = format!("DELETE /queues/{queue}/messages?ReceiptHandle={handle}");
        self.call(&line, "").await.outcome()
    }
}
