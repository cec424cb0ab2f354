//! The hold on a message while its delivery runs, and what happens when it is lost.

use std::time::Duration;

use axum::http::StatusCode;

use crate::fake_mns::FakeMns;
use crate::fake_sink::{Answer, FakeSink};
use crate::running::{Running, document, event, eventually};

#[tokio::test]
async fn slow_sink_causes_no_duplicate() {
    let mns = FakeMns::start(Duration::from_secs(1)).await;
    let sink = FakeSink::start(|_, _| Answer::status(202).after(Duration::from_millis(2500))).await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 1);
    assert_eq!(mns.queue().changes, [30]);
    adapter.end().await;
}

#[tokio::test]
async fn message_that_cannot_be_deleted_is_not_delivered_twice() {
    let mns = FakeMns::start(Duration::from_secs(2)).await;
    let thief = mns.clone();
    let sink = FakeSink::start(move |_, _| {
        // As if its visibility had ended: the handle is dead, the message is back.
        let message = &mut thief.queue().messages[0];
        message.visible_at = tokio::time::Instant::now() + Duration::from_millis(300);
        message.handle.clear();
        Answer::status(202)
    })
    .await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 1, "what was delivered is only deleted");
    assert_eq!(adapter.metric("adapter_handles_lost_total").await, 1);
    adapter.end().await;
}

#[tokio::test]
async fn lost_handle_is_recognised_when_the_message_is_let_go() {
    let mns = FakeMns::start(Duration::from_secs(30)).await;
    let thief = mns.clone();
    let sink = FakeSink::start(move |_, _| {
        thief.queue().messages[0].handle.clear();
        Answer::status(503)
    })
    .await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &[]).await;
    let failed = "adapter_mns_calls_total{operation=\"release\",result=\"failure\"}";
    while adapter.metric(failed).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(adapter.metric("adapter_handles_lost_total").await, 1);
    assert_eq!(mns.len(), 1, "it comes back by itself");
    adapter.end().await;
}

#[tokio::test]
async fn handle_that_mns_calls_wrong_is_a_lost_one() {
    let mns = FakeMns::start(Duration::from_secs(1)).await;
    let sink = FakeSink::start(|_, _| Answer::status(202).after(Duration::from_millis(700))).await;
    mns.queue().trouble = Some(("change", StatusCode::BAD_REQUEST, "ReceiptHandleError"));
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("delivery", || sink.len() == 1).await;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 1, "what was delivered is only deleted");
    assert_eq!(adapter.metric("adapter_handles_lost_total").await, 1);
    adapter.end().await;
}

#[tokio::test]
async fn lost_handle_is_recognised_while_the_delivery_runs() {
    let mns = FakeMns::start(Duration::from_secs(1)).await;
    let thief = mns.clone();
    let sink = FakeSink::start(move |_, count| {
        if count == 1 {
            thief.queue().messages[0].handle.clear();
        }
        Answer::status(202).after(Duration::from_millis(700))
    })
    .await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 1);
    assert_eq!(adapter.metric("adapter_handles_lost_total").await, 1);
    assert_eq!(
        adapter
            .metric("adapter_mns_calls_total{operation=\"extend\",result=\"failure\"}")
            .await,
        1
    );
    adapter.end().await;
}
