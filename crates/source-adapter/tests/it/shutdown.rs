//! The end: finish, give back, say goodbye.

use std::time::Duration;

use tokio::time::Instant;

use crate::fake_mns::FakeMns;
use crate::fake_sink::{Answer, FakeSink};
use crate::running::{Running, document, event, eventually};

const VISIBILITY: Duration = Duration::from_secs(30);

#[tokio::test]
async fn delivery_in_work_is_finished_and_deleted() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|_, _| Answer::status(202).after(Duration::from_millis(300))).await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("delivery in work", || sink.len() == 1).await;
    mns.send(document(&[event("2", "b.jpg")]));
    adapter.end().await;
    let queue = mns.queue();
    assert!(
        !queue
            .messages
            .iter()
            .any(|message| message.body.contains("a.jpg")),
        "deleted"
    );
}

#[tokio::test]
async fn delivery_that_outlives_the_grace_is_given_back() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|_, _| Answer::status(202).after(Duration::from_mins(1))).await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &["--drain-grace", "PT0.1S"]).await;
    eventually("delivery in work", || sink.len() == 1).await;
    adapter.end().await;
    assert_eq!(mns.queue().changes, [1]);
    assert!(mns.queue().messages[0].visible_at < Instant::now() + Duration::from_secs(2));
}

#[tokio::test]
async fn idle_adapter_ends_within_a_moment() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let adapter = Running::start(&mns, &sink, &[]).await;
    adapter.becomes(200).await;
    let started = Instant::now();
    adapter.end().await;
    // A long poll under way gets a moment, not twenty seconds.
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn messages_that_arrive_with_the_signal_are_given_back_at_once() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let adapter = Running::start(&mns, &sink, &[]).await;
    adapter.becomes(200).await;
    eventually("long poll", || mns.calls("receive") == 2).await;
    // Both before the poller gets to run again.
    adapter.stop.cancel();
    mns.send(document(&[event("1", "a.jpg")]));
    adapter.end().await;
    assert_eq!(sink.len(), 0, "no new work");
    let queue = mns.queue();
    assert_eq!((queue.messages.len(), &queue.changes[..]), (1, &[1][..]));
}
