//! What arrives, and what leaves the queue.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use events::AttributesReader as _;

use crate::fake_mns::FakeMns;
use crate::fake_sink::{Answer, FakeSink};
use crate::running::{Running, document, event, eventually};

const VISIBILITY: Duration = Duration::from_secs(30);

#[tokio::test]
async fn every_form_of_body_is_delivered_and_deleted() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let plain = |id: &str| document(&[event(id, "photos/人脸 1.jpg")]);
    mns.send(plain("RAW"));
    mns.send(BASE64_STANDARD.encode(plain("BASE64")));
    mns.send(serde_json::json!({"TopicName": "t", "MessageId": "m", "Message": BASE64_STANDARD.encode(plain("JSON"))}).to_string());
    mns.send(format!(
        "<Notification><TopicName>t</TopicName><Message>{}</Message></Notification>",
        BASE64_STANDARD.encode(plain("XML"))
    ));
    // EventBridge sends complete CloudEvents, whose ids count where the event has none.
    let bridged = |id: &str| {
        let event = event("", "photos/人脸 1.jpg");
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"acs.oss","type":"t","data":{event}}}"#
        )
    };
    mns.send(bridged("BRIDGE"));
    mns.send(BASE64_STANDARD.encode(bridged("BRIDGE64")));
    mns.send(serde_json::json!({"TopicName": "t", "Message": bridged("BRIDGE-JSON")}).to_string());
    mns.send(
        serde_json::json!({"messageId": "m", "messageBody": bridged("BRIDGE-MNS")}).to_string(),
    );
    let adapter = Running::start(&mns, &sink, &["--namespace", "photos"]).await;
    eventually("empty queue", || mns.len() == 0).await;

    let mut ids = sink.ids();
    ids.sort();
    let expected = "BASE64 BRIDGE BRIDGE-JSON BRIDGE-MNS BRIDGE64 JSON RAW XML";
    assert_eq!(ids.join(" "), expected);
    for (headers, event) in sink.headers().iter().zip(sink.events()) {
        assert_eq!(headers["kn-namespace"], "photos");
        assert_eq!(event.source(), "acs.oss");
        assert_eq!(event.ty(), "oss:ObjectCreated:PutObject");
        assert_eq!(
            event.subject(),
            Some("acs:oss:cn-shanghai:1234567890123456:face-image/photos/人脸 1.jpg")
        );
        assert_eq!(event.time().unwrap().timestamp(), 1_714_979_289);
    }
    assert_eq!(
        adapter
            .metric("adapter_events_total{outcome=\"accepted\"}")
            .await,
        8
    );
    adapter.end().await;
}

#[tokio::test]
async fn backlog_takes_few_calls_per_event() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    for number in 0..800 {
        mns.send(document(&[event(&format!("R{number}"), "a.jpg")]));
    }
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 800);
    let calls: usize = mns.queue().calls.values().sum();
    // One message at a time would take 1,600. On an idle machine it is 100; a busy one fills fewer batches.
    assert!(calls <= 800 / 2, "{calls} calls: {:?}", mns.queue().calls);
    adapter.end().await;
}

#[tokio::test]
async fn events_of_one_message_get_distinct_stable_ids() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let body = document(&[
        event("R", "a.jpg"),
        event("R", "b.jpg"),
        event("R", "a.jpg"),
    ]);
    mns.send(body.clone());
    let adapter = Running::start(&mns, &sink, &[]).await;
    eventually("first round", || sink.len() == 3).await;
    mns.send(body);
    eventually("second round", || sink.len() == 6).await;
    let ids = sink.ids();
    assert_eq!(ids[..3], ids[3..], "the same events have the same ids");
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), 3);
    adapter.end().await;
}

#[tokio::test]
async fn unwanted_events_are_acknowledged_and_counted() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    mns.send(document(&[
        event("1", "in/a.jpg"),
        event("2", "in/a.png"),
        event("3", "out/a.jpg"),
    ]));
    mns.send(document(&[]));
    let filter = [
        "--filter-key-prefix",
        "in/",
        "--filter-key-suffix",
        ".jpg",
        "--filter-events",
        "ObjectCreated:*",
    ];
    let adapter = Running::start(&mns, &sink, &filter).await;
    eventually("empty queue", || mns.len() == 0).await;
    assert_eq!(sink.len(), 1);
    assert_eq!(
        adapter
            .metric("adapter_events_total{outcome=\"filtered\"}")
            .await,
        2
    );
    adapter.end().await;
}

#[tokio::test]
async fn original_wire_form_and_overrides_are_sent_on_request() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    let body = document(&[event("1", "a.jpg")]);
    mns.send(body.clone());
    let options = [
        "--payload",
        "Base64",
        "--ce-overrides",
        r#"{"extensions":{"Stage":"prod"}}"#,
    ];
    let adapter = Running::start(&mns, &sink, &options).await;
    eventually("delivery", || sink.len() == 1).await;
    let event = sink.events().remove(0);
    assert_eq!(event.datacontenttype(), Some("application/json"));
    assert_eq!(event.extension("stage").unwrap().to_string(), "prod");
    let text: String = serde_json::from_slice(&events::data_bytes(&event).unwrap()).unwrap();
    assert_eq!(BASE64_STANDARD.decode(text).unwrap(), body.as_bytes());
    adapter.end().await;
}

#[tokio::test]
async fn structured_mode_is_sent_on_request() {
    let (mns, sink) = (
        FakeMns::start(VISIBILITY).await,
        FakeSink::accepting().await,
    );
    mns.send(document(&[event("1", "a.jpg")]));
    let adapter = Running::start(&mns, &sink, &["--delivery-format", "json"]).await;
    eventually("delivery", || sink.len() == 1).await;
    assert_eq!(
        sink.headers()[0]["content-type"],
        "application/cloudevents+json; charset=utf-8"
    );
    assert_eq!(sink.ids(), ["1"]);
    adapter.end().await;
}

#[tokio::test]
async fn trace_of_an_event_is_the_same_at_every_delivery() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::start(|event, count| {
        let is_refused = event.id() == "2";
        Answer::status(if is_refused {
            400
        } else if count < 2 {
            503
        } else {
            200
        })
    })
    .await;
    let letters = FakeSink::accepting().await;
    mns.send(document(&[event("1", "a.jpg")]));
    mns.send(document(&[event("2", "a.jpg")]));
    let options = ["--delivery-dead-letter-sink", &letters.url()];
    let adapter = Running::start(&mns, &sink, &options).await;
    eventually("empty queue", || mns.len() == 0).await;
    let traces = |id: &str| -> Vec<String> {
        let sent = [sink.headers(), letters.headers()].concat().into_iter();
        let of_event = sent.filter(|headers| headers["ce-id"] == id);
        of_event
            .map(|headers| headers["traceparent"].to_str().unwrap().to_owned())
            .collect()
    };
    let (first, second) = (traces("1"), traces("2"));
    assert_eq!((first.len(), second.len()), (2, 2));
    assert_eq!(first[0], first[1], "second attempt");
    assert_eq!(second[0], second[1], "dead letter");
    assert_ne!(first[0], second[0]);
    adapter.end().await;
}
