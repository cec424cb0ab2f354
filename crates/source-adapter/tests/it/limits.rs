//! A slow sink stops the polling.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::fake_mns::FakeMns;
use crate::fake_sink::{Answer, FakeSink};
use crate::running::{Running, document, event, eventually};

#[tokio::test]
async fn no_more_messages_are_taken_than_can_be_delivered() {
    let mns = FakeMns::start(Duration::from_secs(30)).await;
    let sink = FakeSink::start(|_, _| Answer::status(202).after(Duration::from_millis(200))).await;
    for number in 0..100 {
        mns.send(document(&[event(&number.to_string(), "a.jpg")]));
    }
    let adapter = Running::start(&mns, &sink, &["--max-in-flight", "20"]).await;
    let most = Arc::new(AtomicUsize::new(0));
    eventually("empty queue", || {
        let queue = mns.queue();
        let taken = queue
            .messages
            .iter()
            .filter(|message| message.dequeue_count > 0)
            .count();
        most.fetch_max(taken, Ordering::Relaxed);
        queue.messages.is_empty()
    })
    .await;
    // Twenty in delivery, and those that are delivered and wait for their delete.
    assert!(most.load(Ordering::Relaxed) <= 20 + 20, "{most:?}");
    assert_eq!(sink.len(), 100);
    adapter.end().await;
}

#[tokio::test]
async fn many_large_messages_pass_through_a_small_budget() {
    let (mns, sink) = (
        FakeMns::start(Duration::from_secs(30)).await,
        FakeSink::accepting().await,
    );
    for number in 0..64 {
        mns.send(document(&[event(&number.to_string(), &"k".repeat(60_000))]));
    }
    let adapter = Running::start(&mns, &sink, &["--max-in-flight-bytes", "1048576"]).await;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 64);
    adapter.end().await;
}
