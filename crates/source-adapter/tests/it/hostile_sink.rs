//! Sinks that answer as no sink should: bounded time, bounded memory, a clear reason.

use std::time::Duration;

use events::HttpMessage;
use http::HeaderMap;
use service::ConnectOptions;
use source_adapter::config::SinkAddress;
use source_adapter::sink::{Failure, Sink};
use tokio::time::Instant;
use transport::{Connector, PostClient};

use crate::fake_mns::FakeMns;
use crate::fake_sink::FakeSink;
use crate::raw_sink::{RawSink, Script};
use crate::running::{Running, document, event, eventually};

const TIMEOUT: Duration = Duration::from_millis(500);
/// Far more than any of these answers may take, far less than anybody would wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the socket buffers of both sides may swallow of an endless answer.
const BUFFERS: usize = 16 * 1024 * 1024;

const OK_CHUNKED: &str = "HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n";
const BUSY_CHUNKED: &str = "HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\n\r\n";
const CHUNK: &str = "10\r\n0123456789abcdef\r\n";

/// Answers by what is wrong with them.
const ANSWERS: [(&str, Script); 21] = [
    (
        "endless body after a success",
        Script::Endless(OK_CHUNKED, CHUNK),
    ),
    (
        "endless body after a failure",
        Script::Endless(BUSY_CHUNKED, CHUNK),
    ),
    (
        "body that never comes",
        Script::Hold("HTTP/1.1 202 Accepted\r\ncontent-length: 10\r\n\r\n"),
    ),
    (
        "body that never ends",
        Script::Hold("HTTP/1.1 500 Oops\r\ncontent-length: 10\r\n\r\nabc"),
    ),
    (
        "body shorter than it says",
        Script::Answer("HTTP/1.1 202 Accepted\r\ncontent-length: 10\r\n\r\nabc"),
    ),
    (
        "body far longer than it says",
        Script::Endless("HTTP/1.1 202 Accepted\r\ncontent-length: 3\r\n\r\nabc", "x"),
    ),
    (
        "body of a size that overflows",
        Script::Answer("HTTP/1.1 202 Accepted\r\ncontent-length: 99999999999999999999999\r\n\r\n"),
    ),
    (
        "two sizes",
        Script::Answer("HTTP/1.1 202 Accepted\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
    ),
    (
        "one header without end",
        Script::Endless("HTTP/1.1 202 Accepted\r\nx: ", "y"),
    ),
    (
        "headers without end",
        Script::Endless("HTTP/1.1 202 Accepted\r\n", "x: y\r\n"),
    ),
    (
        "interim answers without end",
        Script::Endless("", "HTTP/1.1 100 Continue\r\n\r\n"),
    ),
    (
        "early hints without end",
        Script::Endless("", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"),
    ),
    (
        "another protocol",
        Script::Hold(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ),
    ),
    ("no answer", Script::Hold("")),
    ("half a status line", Script::Hold("HTTP/1.1 20")),
    ("end without an answer", Script::Answer("")),
    ("reset without an answer", Script::Reset("")),
    ("reset within the head", Script::Reset("HTTP/1.1 202 Acc")),
    ("not HTTP", Script::Answer("+PONG\r\n\r\n")),
    (
        "no such status",
        Script::Answer("HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n"),
    ),
    (
        "a status of no class",
        Script::Answer("HTTP/1.1 999 High\r\ncontent-length: 0\r\n\r\n"),
    ),
];

async fn post(sink: &RawSink) -> Result<(), Failure> {
    let address = SinkAddress::parse(&format!("http://{}/events", sink.address)).unwrap();
    let connector = Connector::try_new(ConnectOptions::default()).unwrap();
    let client = PostClient::try_new(&connector, address.target()).unwrap();
    let message = HttpMessage {
        headers: HeaderMap::new(),
        body: "an event".into(),
    };
    let started = Instant::now();
    let outcome = Sink::try_new(address, client, TIMEOUT, None, 1)
        .unwrap()
        .send(&message)
        .await;
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    outcome
}

/// What the log says of an answer, with what may follow a failure.
async fn outcome(script: Script) -> String {
    let sink = RawSink::start(script).await;
    let outcome = match post(&sink).await {
        Ok(()) => "accepted".to_owned(),
        Err(failure) => {
            assert!(failure.body.len() <= 768, "{}", failure.body.len());
            let verdict = if failure.is_retryable() {
                "retry"
            } else {
                "refused"
            };
            format!("{failure}, {verdict}")
        }
    };
    eventually("the connection's end", || {
        sink.ended() == sink.connections()
    })
    .await;
    // Interim answers are read and forgotten until the time is over.
    if !matches!(script, Script::Endless("", _)) {
        assert!(sink.sent_bytes() < BUFFERS, "{}", sink.sent_bytes());
    }
    outcome.replace(&sink.address.ip().to_string(), "SINK")
}

#[tokio::test]
async fn every_answer_has_a_verdict_within_bounds() {
    let mut shown = Vec::new();
    for (name, script) in ANSWERS {
        shown.push(format!("{name}: {}", outcome(script).await));
    }
    insta::assert_snapshot!(shown.join("\n"), @r"
    endless body after a success: accepted
    endless body after a failure: answered with 503 Service Unavailable, retry
    body that never comes: accepted
    body that never ends: answered with 500 Internal Server Error, retry
    body shorter than it says: accepted
    body far longer than it says: accepted
    body of a size that overflows: no answer from `SINK`: invalid content-length parsed, retry
    two sizes: no answer from `SINK`: invalid content-length parsed, retry
    one header without end: no answer from `SINK`: message head is too large, retry
    headers without end: no answer from `SINK`: message head is too large, retry
    interim answers without end: no answer from `SINK` within 500 ms, retry
    early hints without end: no answer from `SINK` within 500 ms, retry
    another protocol: answered with 101 Switching Protocols, refused
    no answer: no answer from `SINK` within 500 ms, retry
    half a status line: no answer from `SINK` within 500 ms, retry
    end without an answer: no answer from `SINK`: connection closed before message completed, retry
    reset without an answer: no answer from `SINK`: connection error: Connection reset by peer (os error 104), retry
    reset within the head: no answer from `SINK`: connection error: Connection reset by peer (os error 104), retry
    not HTTP: no answer from `SINK`: invalid HTTP version parsed, retry
    no such status: no answer from `SINK`: invalid HTTP status-code parsed, retry
    a status of no class: answered with 999 <unknown status code>, refused
    ");
}

#[tokio::test]
async fn answer_before_the_request_is_read_is_taken_or_tried_again() {
    let answer =
        Script::Early("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let outcome = outcome(answer).await;
    // Whether the answer or the reset is seen first is for the network to decide.
    let is_retried = outcome.ends_with(", retry");
    assert!(outcome == "accepted" || is_retried, "{outcome}");
}

#[tokio::test]
async fn redirect_is_a_refusal_and_never_followed() {
    let mns = FakeMns::start(Duration::from_secs(30)).await;
    let elsewhere = FakeSink::accepting().await;
    let location = format!("location: {}\r\n", elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        let head = format!("HTTP/1.1 {status} Moved\r\n{location}content-length: 0\r\n\r\n");
        let shown = outcome(Script::Answer(head.leak())).await;
        assert!(
            shown.starts_with(&format!("answered with {status} ")),
            "{shown}"
        );
        assert!(shown.ends_with("refused"), "{shown}");
    }
    let redirecting = format!("HTTP/1.1 307 Moved\r\n{location}content-length: 0\r\n\r\n");
    let sink = RawSink::start(Script::Answer(redirecting.leak())).await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::towards(&mns, &format!("http://{}/events", sink.address), &[]).await;
    eventually("pushed out", || mns.queue().changes == [1]).await;
    let refused = "adapter_attempts_total{target=\"sink\",result=\"refused\"}";
    assert_eq!(adapter.metric(refused).await, 1);
    assert_eq!(elsewhere.len(), 0, "nobody else gets the event");
    adapter.end().await;
}
