//! Trouble with the queue, and with a sink that is down.

use std::time::Duration;

use axum::http::StatusCode;

use crate::fake_mns::FakeMns;
use crate::fake_sink::{Answer, FakeSink};
use crate::running::{Running, document, event, eventually};

const VISIBILITY: Duration = Duration::from_secs(30);

#[tokio::test]
async fn readiness_tells_the_truth_about_the_queue() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    mns.queue().trouble = Some(("", StatusCode::FORBIDDEN, "InvalidAccessKeyId"));
    let adapter = Running::start(&mns, &sink, &[]).await;
    let reason = {
        let mut reason = adapter.becomes(503).await;
        while reason == "queue: starting\n" {
            reason = adapter.becomes(503).await;
        }
        reason
    };
    assert!(reason.contains("InvalidAccessKeyId"), "{reason}");
    assert!(reason.contains("check the access key"), "{reason}");
    mns.send(document(&[event("1", "a.jpg")]));
    mns.queue().trouble = None;
    adapter.becomes(200).await;
    eventually("empty queue", || mns.len() == 0).await;
    adapter.end().await;
}

#[tokio::test]
async fn outage_in_the_middle_is_survived_without_a_hot_loop() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let adapter = Running::start(&mns, &sink, &[]).await;
    mns.send(document(&[event("1", "a.jpg")]));
    eventually("delivery", || sink.len() == 1 && mns.len() == 0).await;
    mns.queue().trouble = Some(("", StatusCode::INTERNAL_SERVER_ERROR, "InternalError"));
    // Ends the long poll that was under way.
    mns.send(document(&[event("2", "b.jpg")]));
    let before = mns.calls("receive");
    adapter.becomes(503).await;
    assert!(
        mns.calls("receive") - before < 30,
        "{:?}",
        mns.queue().calls
    );
    mns.queue().trouble = None;
    adapter.becomes(200).await;
    eventually("empty queue", || mns.len() == 0).await;
    adapter.end().await;
}

#[tokio::test]
async fn failing_deletes_are_repeated_until_they_work() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    mns.queue().trouble = Some(("delete", StatusCode::INTERNAL_SERVER_ERROR, "InternalError"));
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("a failed delete", || mns.calls("delete") > 0).await;
    mns.queue().trouble = None;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 1);
    adapter.end().await;
}

#[tokio::test]
async fn refused_because_of_too_many_calls_nothing_is_lost() {
    for operation in ["receive", "delete"] {
        let (mns, sink) = (
            FakeMns::start(VISIBILITY).await,
            FakeSink::accepting().await,
        );
        let status = StatusCode::TOO_MANY_REQUESTS;
        mns.queue().trouble = Some((operation, status, "TooManyRequests"));
        for number in 0..100 {
            mns.send(document(&[event(&number.to_string(), "a.jpg")]));
        }
        let adapter = Running::start(&mns, &sink, &[]).await;
        eventually("refused calls", || mns.calls(operation) >= 9).await;
        mns.queue().trouble = None;
        eventually("empty queue", || mns.len() == 0).await;
        assert_eq!(sink.len(), 100, "{operation}: each once");
        adapter.end().await;
    }
}

#[tokio::test]
async fn dead_sink_does_not_cost_the_backlog_its_attempts() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|_, _| Answer::status(503)).await;
    for number in 0..500 {
        mns.send(document(&[event(&number.to_string(), "a.jpg")]));
    }
    let options = ["--delivery-backoff-delay", "PT10M", "--max-in-flight", "16"];
    let adapter = Running::start(&mns, &sink, &options).await;
    eventually("some attempts", || sink.len() >= 48).await;
    let receives = mns.calls("receive");
    assert!(
        receives < 12,
        "{receives} receives while every delivery fails"
    );
    adapter.end().await;
}

#[tokio::test]
async fn hanging_deletes_stop_the_polling() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    mns.queue().stalled = Some("delete");
    for number in 0..1000 {
        mns.send(document(&[event(&number.to_string(), "a.jpg")]));
    }
    let adapter = Running::start(&mns, &sink, &["--max-in-flight", "16"]).await;
    eventually("all calls under way", || mns.calls("delete") == 16).await;
    while adapter.metric("adapter_messages_held").await < 16 {
        tokio::task::yield_now().await;
    }
    // Sixteen in work, as many in a batch, sixteen batches under way, and the places between.
    assert!(sink.len() <= 16 + 16 + 16 * 16 + 512, "{}", sink.len());
    mns.queue().stalled = None;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 1000, "each once");
    adapter.end().await;
}

#[tokio::test]
async fn message_whose_delete_hangs_is_not_delivered_again() {
    let (mns, sink) = (
        FakeMns::start(Duration::from_secs(1)).await,
        FakeSink::accepting().await,
    );
    mns.queue().stalled = Some("delete");
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("its return", || mns.calls("delete") >= 2).await;
    assert!(mns.queue().messages[0].dequeue_count >= 2);
    mns.queue().stalled = None;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 1);
    adapter.end().await;
}

#[tokio::test]
async fn answer_that_makes_no_sense_is_met_with_patience() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let table = [
        (StatusCode::OK, "<html>"),
        (StatusCode::BAD_REQUEST, "QpsLimitExceeded"),
        (StatusCode::FORBIDDEN, "Throttling.User"),
        (StatusCode::NOT_FOUND, "QueueNotExist"),
        (StatusCode::SERVICE_UNAVAILABLE, ""),
    ];
    let adapter = Running::start(&mns, &sink, &[]).await;
    for (status, code) in table {
        adapter.becomes(200).await;
        mns.queue().trouble = Some(("", status, code));
        // Ends a long poll that was under way.
        mns.send(document(&[event(code, "a.jpg")]));
        let before = mns.calls("receive");
        adapter.becomes(503).await;
        let calls = mns.calls("receive") - before;
        assert!(calls < 30, "{code}: {calls} calls");
        mns.queue().trouble = None;
    }
    adapter.becomes(200).await;
    eventually("empty queue", || mns.len() == 0).await;
    adapter.end().await;
}
