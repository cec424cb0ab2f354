//! Refusals, retries, dead letters, and messages that cannot be read.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use events::{AttributesReader as _, Event};

use crate::fake_mns::FakeMns;
use crate::fake_sink::{Answer, FakeSink};
use crate::running::{Running, document, event, eventually};

const VISIBILITY: Duration = Duration::from_secs(30);

fn extension(event: &Event, name: &str) -> String {
    event.extension(name).unwrap().to_string()
}

/// Runs an adapter with a dead letter sink until the queue is empty.
async fn until_empty(mns: &FakeMns, sink: &FakeSink, letters: &FakeSink) -> Running {
    let options = ["--delivery-dead-letter-sink", &letters.url()];
    let adapter = Running::start(mns, sink, &options).await;
    eventually("empty queue", || mns.len() == 0).await;
    adapter
}

#[tokio::test]
async fn only_the_events_that_failed_are_sent_again() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|event, count| {
        let fails = event.subject().unwrap().ends_with("/b.jpg") && count < 3;
        Answer::status(if fails { 503 } else { 202 })
    })
    .await;
    mns.send(document(&[
        event("1", "a.jpg"),
        event("2", "b.jpg"),
        event("3", "c.jpg"),
    ]));
    let adapter = Running::start(&mns, &sink, &["--delivery-backoff-delay", "PT0.2S"]).await;
    eventually("empty queue", || mns.len() == 0).await;
    let keys: Vec<_> = sink
        .events()
        .iter()
        .map(|event| event.subject().unwrap().to_owned())
        .collect();
    let keys: Vec<_> = keys
        .iter()
        .map(|subject| subject.rsplit_once('/').unwrap().1)
        .collect();
    assert_eq!(keys, ["a.jpg", "b.jpg", "c.jpg", "b.jpg", "b.jpg"]);
    assert_eq!(
        mns.queue().changes,
        [1, 1],
        "waits are in the queue, not in the process"
    );
    assert_eq!(
        adapter
            .metric("adapter_events_total{outcome=\"known\"}")
            .await,
        4
    );
    assert_eq!(
        adapter.metric("adapter_messages_redelivered_total").await,
        2
    );
    adapter.end().await;
}

#[tokio::test]
async fn refused_event_becomes_a_dead_letter_with_the_reason() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|event, _| match event.id() {
        "BAD" => Answer {
            body: "no such picture",
            ..Answer::status(400)
        },
        _ => Answer::status(202),
    })
    .await;
    let letters = FakeSink::accepting().await;
    mns.send(document(&[event("BAD", "人脸.jpg")]));
    mns.send(document(&[event("GOOD", "b.jpg")]));
    let adapter = until_empty(&mns, &sink, &letters).await;
    let [letter] = letters.events().try_into().unwrap();
    assert_eq!(letter.id(), "BAD");
    assert_eq!(
        letter.subject(),
        Some("acs:oss:cn-shanghai:1234567890123456:face-image/人脸.jpg")
    );
    assert_eq!(extension(&letter, "knativeerrordest"), sink.url());
    assert_eq!(extension(&letter, "knativeerrorcode"), "400");
    assert_eq!(
        extension(&letter, "knativeerrordata"),
        BASE64_STANDARD.encode("no such picture")
    );
    assert_eq!(sink.len(), 2, "a refusal is not repeated");
    adapter.end().await;
}

#[tokio::test]
async fn spent_retries_end_in_a_dead_letter() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|_, _| Answer::status(500)).await;
    let letters = FakeSink::accepting().await;
    mns.send(document(&[event("1", "a.jpg")]));
    let options = [
        "--delivery-retry",
        "1",
        "--delivery-dead-letter-sink",
        &letters.url(),
    ];
    let adapter = Running::start(&mns, &sink, &options).await;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.ids(), ["1", "1"]);
    assert_eq!(extension(&letters.events()[0], "knativeerrorcode"), "500");
    adapter.end().await;
}

#[tokio::test]
async fn refused_event_without_a_dead_letter_sink_stays_in_the_queue() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|_, _| Answer::status(422)).await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &["--delivery-backoff-delay", "PT2M"]).await;
    eventually("pushed out", || mns.queue().changes == [120]).await;
    assert_eq!((mns.len(), sink.len()), (1, 1));
    assert_eq!(
        adapter
            .metric("adapter_events_total{outcome=\"kept\"}")
            .await,
        1
    );
    adapter.end().await;
    assert_eq!(mns.len(), 1);
}

#[tokio::test]
async fn refusing_dead_letter_sink_loses_nothing() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|_, _| Answer::status(400)).await;
    let letters =
        FakeSink::start(|_, count| Answer::status(if count < 2 { 500 } else { 200 })).await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = until_empty(&mns, &sink, &letters).await;
    assert_eq!(letters.ids(), ["1", "1"]);
    adapter.end().await;
}

#[tokio::test]
async fn sink_may_ask_for_a_longer_wait() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|event, _| Answer {
        retry_after: Some("40"),
        ..Answer::status(if event.id() == "429" { 429 } else { 500 })
    })
    .await;
    mns.send(document(&[event("429", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &["--delivery-retry-after-max", "PT30S"]).await;
    eventually("within bounds", || mns.queue().changes == [30]).await;
    mns.send(document(&[event("500", "a.jpg")]));
    eventually("for 429 and 503 only", || mns.queue().changes == [30, 1]).await;
    adapter.end().await;
}

#[tokio::test]
async fn unreadable_message_becomes_a_dead_letter_as_it_came() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let letters = FakeSink::accepting().await;
    let id = mns.send("not an event <&> 人");
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = until_empty(&mns, &sink, &letters).await;
    assert_eq!(sink.ids(), ["1"], "it is in nobody's way");
    let [letter] = letters.events().try_into().unwrap();
    assert_eq!(
        (letter.id(), letter.source().as_str(), letter.ty()),
        (&*id, "acs.mns", "mns:Queue:SendMessage")
    );
    assert_eq!(
        events::data_bytes(&letter).unwrap(),
        "not an event <&> 人".as_bytes()
    );
    assert_eq!(extension(&letter, "knativeerrorcode"), "400");
    adapter.end().await;
}

#[tokio::test]
async fn unreadable_message_without_a_dead_letter_sink_stays_and_is_counted() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    mns.send("{");
    let adapter = Running::start(&mns, &sink, &["--delivery-backoff-delay", "PT1M"]).await;
    eventually("pushed out", || mns.queue().changes == [60]).await;
    assert_eq!((mns.len(), sink.len()), (1, 0));
    assert_eq!(
        adapter
            .metric("adapter_messages_total{outcome=\"unreadable\"}")
            .await,
        1
    );
    adapter.end().await;
}

#[tokio::test]
async fn silent_sink_is_not_asked_for_every_event_of_a_message() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|_, _| Answer::status(202).after(Duration::from_mins(1))).await;
    mns.send(document(&[event("1", "a.jpg"), event("2", "b.jpg")]));
    let adapter = Running::start(&mns, &sink, &["--delivery-timeout", "PT0.1S"]).await;
    eventually("pushed out", || !mns.queue().changes.is_empty()).await;
    assert_eq!(sink.len(), 1);
    let timed_out = "adapter_attempts_total{target=\"sink\",result=\"timed_out\"}";
    assert_eq!(adapter.metric(timed_out).await, 1);
    adapter.end().await;
}

#[tokio::test]
async fn statuses_are_retried_as_the_data_plane_does() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|event, _| Answer::status(event.id().parse().unwrap())).await;
    let statuses = [
        200, 202, 204, 300, 304, 400, 401, 403, 404, 405, 408, 409, 410, 413, 422, 425, 429, 431,
        500, 501, 502, 503, 504, 507,
    ];
    for status in statuses {
        mns.send(document(&[event(&status.to_string(), "a.jpg")]));
    }
    let letters = FakeSink::accepting().await;
    let options = [
        "--delivery-dead-letter-sink",
        &letters.url(),
        "--delivery-backoff-delay",
        "PT10M",
    ];
    let adapter = Running::start(&mns, &sink, &options).await;
    let retried = 10;
    eventually("a verdict on each", || {
        sink.len() == statuses.len() && mns.len() == retried && mns.queue().changes.len() == retried
    })
    .await;
    let in_order = |mut ids: Vec<String>| {
        ids.sort();
        ids.join(" ")
    };
    let kept = mns
        .queue()
        .messages
        .iter()
        .map(|message| message.body[..].to_owned())
        .collect::<Vec<_>>();
    let kept = kept.iter().map(|body| {
        statuses
            .iter()
            .find(|status| body.contains(&format!("\"{status}\"")))
            .unwrap()
            .to_string()
    });
    insta::assert_snapshot!(in_order(kept.collect()), @"404 408 409 429 500 501 502 503 504 507");
    insta::assert_snapshot!(in_order(letters.ids()), @"300 304 400 401 403 405 410 413 422 425 431");
    adapter.end().await;
}

#[tokio::test]
async fn wait_follows_the_policy_and_the_dequeue_count() {
    let table = [
        ("exponential", "exponential", "PT2S", 5, 32),
        ("linear", "linear", "PT2S", 5, 10),
        ("fractions", "exponential", "PT0.2S", 4, 2),
    ];
    for (name, policy, delay, dequeue_count, expected) in table {
        let mns = FakeMns::start(VISIBILITY).await;
        let sink = FakeSink::start(|_, _| Answer::status(503)).await;
        mns.send(document(&[event("1", "a.jpg")]));
        mns.queue().messages[0].dequeue_count = dequeue_count - 1;
        let options = [
            "--delivery-backoff-policy",
            policy,
            "--delivery-backoff-delay",
            delay,
        ];
        let adapter = Running::start(&mns, &sink, &options).await;
        eventually(name, || mns.queue().changes == [expected]).await;
        adapter.end().await;
    }
}

#[tokio::test]
async fn sink_may_name_a_date_to_come_back() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|_, _| Answer {
        retry_after: Some("Fri, 31 Dec 2100 23:59:59 GMT"),
        ..Answer::status(503)
    })
    .await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &["--delivery-retry-after-max", "PT50S"]).await;
    eventually("as late as allowed", || mns.queue().changes == [50]).await;
    adapter.end().await;
    let mns = FakeMns::start(VISIBILITY).await;
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("ignored unless allowed", || mns.queue().changes == [1]).await;
    adapter.end().await;
}

#[tokio::test]
async fn dead_letter_of_no_answer_carries_500_and_the_reason() {
    let mns = FakeMns::start(VISIBILITY).await;
    let letters = FakeSink::accepting().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    mns.send(document(&[event("1", "a.jpg")]));
    let sink = format!("http://user:password@{nobody}/events");
    let options = [
        "--delivery-retry",
        "0",
        "--delivery-dead-letter-sink",
        &letters.url(),
    ];
    let adapter = Running::towards(&mns, &sink, &options).await;
    eventually("empty queue", || mns.len() == 0).await;
    let letter = letters.events().remove(0);
    assert_eq!(
        extension(&letter, "knativeerrordest"),
        format!("http://{nobody}/events")
    );
    assert_eq!(extension(&letter, "knativeerrorcode"), "500");
    let reason = BASE64_STANDARD
        .decode(extension(&letter, "knativeerrordata"))
        .unwrap();
    let reason = String::from_utf8(reason).unwrap();
    assert!(
        reason.starts_with("no connection to `127.0.0.1`"),
        "{reason}"
    );
    adapter.end().await;
}
