//! Misbehaviour of OSS on request.

use std::time::{Duration, Instant};

use emulator::call::Service;
use emulator::faults::Kind;

use crate::oss::caller::{self, Caller};
use crate::running::Running;

async fn scene() -> (Running, Caller) {
    let (running, oss) = caller::scene().await;
    oss.call("PUT /photos/a", "0123456789".repeat(50_000)).await;
    (running, oss)
}

#[tokio::test]
async fn a_fault_strikes_before_the_signature_is_looked_at() {
    let (running, oss) = scene().await;
    let kind = Kind::Error {
        status: 503,
        code: "ServiceUnavailable".to_owned(),
    };
    running.once(Service::Oss, "GetObject", kind);
    assert_eq!(
        oss.anonymous("GET /photos/a", "").await.outcome(),
        "503 ServiceUnavailable"
    );
    assert_eq!(
        oss.anonymous("GET /photos/a", "").await.outcome(),
        "403 AccessDenied"
    );
    let stats = running.shared.stats.snapshot();
    let tally = &stats[&Service::Oss]["GetObject"];
    assert_eq!((tally.calls, tally.faults), (2, 1));
    assert_eq!(
        tally.answers.clone().into_iter().collect::<Vec<_>>(),
        [(403, 1), (503, 1)]
    );
}

#[tokio::test]
async fn a_dropped_call_is_done_or_not_as_asked() {
    let (running, oss) = scene().await;
    for (after, expected) in [(false, 404), (true, 200)] {
        running.once(Service::Oss, "PutObject", Kind::Drop { after });
        let request = oss.signed("PUT /photos/b", &[], "1");
        assert!(oss.send(request).await.is_err(), "after: {after}");
        assert_eq!(
            oss.call("HEAD /photos/b", "").await.status,
            expected,
            "after: {after}"
        );
    }
    let stats = running.shared.stats.snapshot();
    let tally = &stats[&Service::Oss]["PutObject"];
    assert_eq!((tally.calls, tally.dropped), (3, 2));
}

#[tokio::test]
async fn half_of_an_answer_arrives_before_it_is_cut() {
    let (running, oss) = scene().await;
    running.once(Service::Oss, "GetObject", Kind::Truncate);
    let request = oss.signed("GET /photos/a", &[], "");
    let mut response = oss.http.execute(request.try_into().unwrap()).await.unwrap();
    assert_eq!(response.content_length(), Some(500_000));
    let mut received = 0;
    let ended = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => received += chunk.len(),
            ended => break ended,
        }
    };
    assert!(ended.is_err(), "the body looks complete");
    assert_eq!(received, 250_000);
}

#[tokio::test]
async fn an_answer_without_a_body_is_cut_whole() {
    let (running, oss) = scene().await;
    running.once(Service::Oss, "DeleteObject", Kind::Truncate);
    let request = oss.signed("DELETE /photos/a", &[], "");
    assert!(oss.send(request).await.is_err());
    assert_eq!(oss.call("HEAD /photos/a", "").await.status, 404);
}

#[tokio::test]
async fn latencies_add_up() {
    let (running, oss) = scene().await;
    running.once(
        Service::Oss,
        "HeadObject",
        Kind::Latency { latency_ms: 100 },
    );
    running.once(Service::Oss, "*", Kind::Latency { latency_ms: 100 });
    let started = Instant::now();
    assert_eq!(oss.call("HEAD /photos/a", "").await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_skewed_clock_refuses_good_requests() {
    let (running, oss) = scene().await;
    for skew_seconds in [-1000, 1000] {
        running.once(Service::Oss, "GetObject", Kind::Skew { skew_seconds });
        let answer = oss.call("GET /photos/a", "").await;
        assert_eq!(
            answer.outcome(),
            "403 RequestTimeTooSkewed",
            "{skew_seconds}"
        );
    }
    assert_eq!(oss.call("GET /photos/a", "").await.status, 200);
}

#[tokio::test]
async fn an_error_is_heard_by_who_is_still_sending() {
    let (running, oss) = scene().await;
    let kind = Kind::Error {
        status: 503,
        code: "ServiceUnavailable".to_owned(),
    };
    running.once(Service::Oss, "PutObject", kind);
    let large = vec![0; 20 << 20];
    let answer = oss.call("PUT /photos/a", large.clone()).await;
    assert_eq!(answer.outcome(), "503 ServiceUnavailable");
    let answer = oss.anonymous("PUT /photos/a", large).await;
    assert_eq!(answer.outcome(), "403 AccessDenied");
}
