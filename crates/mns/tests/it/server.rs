//! A fake MNS: it answers what it is told to, and checks every signature as the service does.

use std::fmt::Write as _;
use std::time::Duration;

use http::Uri;
use jiff::Timestamp;
use mns::{Client, Credentials, LiveCredentials, Queue, QueueName, RetryPolicy, Topic, TopicName};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A server that gives the same answer to every call.
pub(crate) struct Server {
    fake: MockServer,
    credentials: Credentials,
    live: LiveCredentials,
}

impl Server {
    /// Answers with a status and the document of that name among the samples, or with none.
    pub(crate) async fn answering(status: u16, document: &str) -> Self {
        let body = if document.is_empty() {
            String::new()
        } else {
            sample(document)
        };
        Self::with(ResponseTemplate::new(status).set_body_string(body)).await
    }

    /// Answers with a status and a body.
    pub(crate) async fn saying(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::with(ResponseTemplate::new(status).set_body_bytes(body)).await
    }

    pub(crate) async fn with(answer: ResponseTemplate) -> Self {
        let fake = MockServer::start().await;
        Mock::given(any()).respond_with(answer).mount(&fake).await;
        let credentials =
            Credentials::new("LTAI-test", "a secret").with_security_token("a+token/=");
        let live = LiveCredentials::fixed(credentials.clone());
        Self {
            fake,
            credentials,
            live,
        }
    }

    pub(crate) fn live(&self) -> &LiveCredentials {
        &self.live
    }

    pub(crate) fn client(&self) -> Client {
        client(&self.fake.uri(), self.live.clone())
    }

    pub(crate) fn queue(&self) -> Queue {
        self.client().queue(QueueName::try_new("photos").unwrap())
    }

    pub(crate) fn topic(&self) -> Topic {
        self.client().topic(TopicName::try_new("uploads").unwrap())
    }

    pub(crate) async fn requests(&self) -> Vec<Request> {
        self.fake.received_requests().await.unwrap()
    }

    /// All requests so far as text, after checking that each is signed as the service wants it.
    pub(crate) async fn seen(&self) -> String {
        let mut seen = String::new();
        for request in self.requests().await {
            verify(&request, &self.credentials);
            writeln!(seen, "{}", shown(&request)).unwrap();
        }
        seen
    }
}

/// A client that makes three attempts, with pauses too short to notice.
pub(crate) fn client(endpoint: &str, credentials: LiveCredentials) -> Client {
    let retry = RetryPolicy::new(3, Duration::from_millis(1), Duration::from_millis(2));
    let builder = Client::builder(endpoint.parse().unwrap(), credentials).retry(retry);
    builder.build().unwrap()
}

/// A document from the samples beside the tests.
pub(crate) fn sample(name: &str) -> String {
    let path = format!("{}/tests/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn verify(request: &Request, credentials: &Credentials) {
    let mut received = http::Request::builder()
        .method(request.method.clone())
        .uri(target(request).parse::<Uri>().unwrap())
        .body(())
        .unwrap();
    *received.headers_mut() = request.headers.clone();
    let (parts, ()) = received.into_parts();
    let date = parts.headers["date"].to_str().unwrap();
    let signed_at = signing::time::parse_http_date(date).unwrap();
    let age = Timestamp::now().duration_since(signed_at).as_secs();
    assert!((0..60).contains(&age), "signed {age} s ago");
    let mut expected = parts.clone();
    signing::mns::v2::sign(&mut expected, credentials, signed_at).unwrap();
    assert_eq!(parts.headers, expected.headers);
}

/// Path and query as they were on the request line.
fn target(request: &Request) -> &str {
    &request.url[url::Position::BeforePath..]
}

/// Method, target, the headers that matter, and the body without its XML declaration.
fn shown(request: &Request) -> String {
    let mut shown = format!("{} {}", request.method, target(request));
    let mut headers: Vec<_> = request
        .headers
        .iter()
        .filter(|(name, _)| {
            name.as_str().starts_with("x-mns-") || name.as_str().starts_with("content-t")
        })
        .map(|(name, value)| format!("\n{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    shown.extend(headers);
    let body = std::str::from_utf8(&request.body).unwrap();
    if !body.is_empty() {
        let document = body
            .strip_prefix(r#"<?xml version="1.0" encoding="UTF-8"?>"#)
            .unwrap();
        write!(shown, "\n{document}").unwrap();
    }
    shown + "\n"
}
