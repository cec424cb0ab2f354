//! What is tried again, how often, and with what.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use transport::{Call, Disposition, Replay, RetryClass, TransportError};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{LONG, get, transport};

const CALL: fn(Replay) -> Call = |replay| Call::new(LONG, 1024).replay(replay);

async fn server(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(template)
        .mount(&server)
        .await;
    server
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

/// An address at which nobody listens.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!(
        "http://{}/secret?Signature=hidden",
        listener.local_addr().unwrap()
    )
}

#[tokio::test]
async fn status_and_replay_decide_about_repetition() {
    let cases = [
        ("success", 200, Replay::Safe, 1),
        ("refusal", 403, Replay::Safe, 1),
        ("fault, safe", 503, Replay::Safe, 3),
        ("fault, unknown whether acted", 503, Replay::Unprocessed, 1),
        ("fault, never", 503, Replay::Never, 1),
        ("throttled, safe", 429, Replay::Safe, 3),
        ("throttled, nothing was done", 429, Replay::Unprocessed, 3),
        ("throttled, never", 429, Replay::Never, 1),
    ];
    for (name, status, replay, expected) in cases {
        for streamed in [false, true] {
            let server = server(ResponseTemplate::new(status)).await;
            let answered = if streamed {
                transport(3)
                    .open(&CALL(replay), get(server.uri()))
                    .await
                    .unwrap()
                    .status()
            } else {
                transport(3)
                    .send(&CALL(replay), get(server.uri()))
                    .await
                    .unwrap()
                    .status()
            };
            assert_eq!(answered, status, "{name}: the last answer is handed back");
            assert_eq!(
                requests(&server).await,
                expected,
                "{name}, streamed: {streamed}"
            );
        }
    }
}

#[tokio::test]
async fn each_attempt_is_made_afresh() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(500))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let made = AtomicU32::new(0);
    let answer = transport(5)
        .send(&CALL(Replay::Safe), || {
            let number = made.fetch_add(1, Ordering::Relaxed);
            http::Request::post(server.uri())
                .header("x-attempt", number)
                .body(Bytes::from_static(b"body"))
        })
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let received = server.received_requests().await.unwrap();
    let numbers: Vec<_> = received
        .iter()
        .map(|request| request.headers["x-attempt"].to_str().unwrap())
        .collect();
    assert_eq!(numbers, ["0", "1", "2"]);
    assert!(
        received.iter().all(|request| request.body == b"body"),
        "the body is sent each time"
    );
}

#[tokio::test]
async fn body_may_say_that_it_throttles() {
    let server = server(ResponseTemplate::new(400).set_body_string("QpsLimitExceeded")).await;
    let call = CALL(Replay::Unprocessed).classify(|response| {
        if response.body().as_ref() == b"QpsLimitExceeded" {
            RetryClass::Throttled
        } else {
            RetryClass::Final
        }
    });
    let answer = transport(2).send(&call, get(server.uri())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(requests(&server).await, 2);
}

#[tokio::test]
async fn wait_beyond_the_policy_is_left_to_the_caller() {
    let server = server(ResponseTemplate::new(429).insert_header("retry-after", "3600")).await;
    let answer = transport(3)
        .send(&CALL(Replay::Safe), get(server.uri()))
        .await
        .unwrap();
    assert_eq!(
        transport::retry_after(answer.headers(), jiff::Timestamp::now()),
        Some(Duration::from_hours(1))
    );
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn refused_connection_is_unprocessed_and_retried() {
    let made = AtomicU32::new(0);
    let url = nowhere().await;
    let error = transport(3)
        .send(&CALL(Replay::Unprocessed), || {
            made.fetch_add(1, Ordering::Relaxed);
            http::Request::get(&url).body(Bytes::new())
        })
        .await
        .unwrap_err();
    assert!(
        matches!(error, TransportError::Unreachable { .. }),
        "{error:?}"
    );
    assert_eq!(error.disposition(), Disposition::Retry);
    assert_eq!(made.into_inner(), 3);
}

#[tokio::test]
async fn silence_ends_at_the_deadline_of_each_attempt() {
    let server = server(ResponseTemplate::new(200).set_delay(LONG * 10)).await;
    let deadline = Duration::from_millis(20);
    let call = Call::new(deadline, 1024).replay(Replay::Safe);
    let error = transport(2)
        .send(&call, get(server.uri()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, TransportError::TimedOut { after, .. } if after == deadline),
        "{error:?}"
    );
    let error = transport(2)
        .open(&call, get(server.uri()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, TransportError::TimedOut { .. }),
        "{error:?}"
    );
    assert!(!error.is_unprocessed());
    assert_eq!(requests(&server).await, 4);
}

#[tokio::test]
async fn errors_show_no_query() {
    let error = transport(1)
        .send(&CALL(Replay::Never), get(nowhere().await))
        .await
        .unwrap_err();
    let mut shown = format!("{error:?}");
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = cause {
        shown = format!("{shown} {error}");
        cause = error.source();
    }
    assert!(
        !shown.contains("hidden") && !shown.contains("Signature"),
        "{shown}"
    );
}
