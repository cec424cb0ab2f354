//! Events as the programs of 2018 and 2019 send them, and in the wrappings of EventBridge.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::binary::Binary;
use crate::faces_api::FacesApi;
use crate::objects::Objects;
use crate::running::{Running, created, document, serve};

const MEBI: u64 = 1 << 20;

/// A request with nothing but these headers.
fn request(running: &Running, headers: &[(&str, &str)]) -> RequestBuilder {
    let request = running.http.post(&running.url);
    headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    })
}

async fn structured(running: &Running, event: &Value) -> Response {
    request(running, &[("content-type", "application/cloudevents+json")])
        .body(event.to_string())
        .send()
        .await
        .unwrap()
}

/// The document about a key as the original source sent it: base64 in a JSON string.
fn original(key: &str) -> String {
    json!(BASE64_STANDARD.encode(document(&[key]).to_string())).to_string()
}

#[tokio::test]
async fn binary_mode_of_every_version_is_worked_on() {
    let running = Running::start().await;
    running.upload("a.jpg");
    let cases: [(&str, &[(&str, &str)]); 3] = [
        (
            "0.1",
            &[
                ("CE-CloudEventsVersion", "0.1"),
                ("CE-EventType", "alicloud.mns.topic"),
                ("CE-EventID", "1"),
                ("CE-Source", "photos"),
                ("CE-EventTime", "2019-08-19T07:46:10Z"),
                ("CE-X-Team", "\"photos\""),
                ("Content-Type", "application/json"),
            ],
        ),
        (
            "0.2",
            &[
                ("ce-specversion", "0.2"),
                ("ce-type", "alicloud.mns.topic"),
                ("ce-id", "1"),
                ("ce-source", "photos"),
                ("ce-time", "2019-08-19T07:46:10.045Z"),
                ("ce-schemaurl", "/schema"),
                ("content-type", "application/json"),
            ],
        ),
        (
            "0.3",
            &[
                ("ce-specversion", "0.3"),
                ("ce-type", "alicloud.mns.topic"),
                ("ce-id", "1"),
                ("ce-source", "photos"),
                ("ce-datacontentencoding", "base64"),
                ("content-type", "application/json"),
            ],
        ),
    ];
    for (version, headers) in cases {
        let request = request(&running, headers).body(original("a.jpg"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{version}");
        assert_eq!(answer.headers()["ce-specversion"], "1.0", "{version}");
        assert_eq!(answer.headers()["ce-id"], "photos/1", "{version}");
    }
}

#[tokio::test]
async fn structured_mode_of_every_version_is_worked_on() {
    let running = Running::start().await;
    running.upload("a.jpg");
    let data = BASE64_STANDARD.encode(document(&["a.jpg"]).to_string());
    for event in [
        json!({"cloudEventsVersion": "0.1", "eventID": "1", "eventType": "t", "source": "s",
            "contentType": "application/json", "extensions": {"a": {}}, "data": data}),
        json!({"specversion": "0.2", "id": "1", "type": "t", "source": "s",
            "contenttype": "application/json", "data": data}),
        json!({"specversion": "0.3", "id": "1", "type": "t", "source": "s",
            "datacontenttype": "application/json", "datacontentencoding": "base64", "data": data}),
        json!({"specversion": "1.0", "id": "1", "type": "t", "source": "s",
            "data": document(&["a.jpg"])}),
    ] {
        assert_eq!(structured(&running, &event).await.status(), 200, "{event}");
    }
}

#[tokio::test]
async fn what_eventbridge_wraps_is_unwrapped() {
    let running = Running::start().await;
    running.upload("a.jpg");
    let complete = json!({
        "specversion": "1.0", "id": "1", "source": "acs.oss", "type": "oss:ObjectCreated:PutObject",
        "datacontenttype": "application/json;charset=utf-8", "data": created("a.jpg"),
    });
    assert_eq!(structured(&running, &complete).await.status(), 200);
    let message = |body: String| {
        json!({
            "specversion": "1.0", "id": "2", "source": "acs.mns", "type": "mns:Queue:SendMessage",
            "data": {"requestId": "r", "messageId": "m", "messageBody": body},
        })
    };
    let notification = json!({"TopicName": "t", "Message": original("a.jpg")}).to_string();
    for event in [
        message(complete.to_string()),
        message(BASE64_STANDARD.encode(complete.to_string())),
        message(notification),
    ] {
        assert_eq!(structured(&running, &event).await.status(), 200, "{event}");
        assert_eq!(running.send(&event).await.status(), 200, "as data: {event}");
    }
}

#[tokio::test]
async fn keys_are_found_however_they_are_written() {
    let running = Running::start().await;
    for (key, written) in [
        ("my photo(1).jpg", "my+photo%281%29.jpg"),
        ("a b.jpg", "a+b.jpg"),
        ("c d.jpg", "c%20d.jpg"),
        ("e+f.jpg", "e+f.jpg"),
        ("tab\there.jpg", "tab\there.jpg"),
        ("two\nlines.jpg", "two\nlines.jpg"),
    ] {
        running.upload(key);
        assert_eq!(running.created(written).await.status(), 200, "{written}");
        let result = format!("target/rec-{key}");
        assert!(running.objects.get(&result).is_some(), "{written}");
    }
    assert_eq!(running.created("no+such%21.jpg").await.status(), 410);
    let results = running.created("target+%2Frec-a+b.jpg").await;
    assert_eq!(results.status(), 410, "another folder");
    let result = running.created("%74arget/rec-a+b.jpg").await;
    assert_eq!(result.status(), 202, "a result, in disguise");
}

#[tokio::test]
async fn numbers_as_text_and_times_as_numbers_are_read() {
    let running = Running::start().await;
    running.upload("a.jpg");
    let mut event = created("a.jpg");
    event["eventTime"] = json!(1_560_840_256);
    event["oss"]["object"]["size"] = json!("100");
    event["oss"]["object"]["deltaSize"] = json!("100");
    assert_eq!(running.send(&event).await.status(), 200);
    let marked = format!("\u{feff}{event}");
    let answer = running.request().body(marked).send().await.unwrap();
    assert_eq!(answer.status(), 200, "a byte order mark");
}

#[tokio::test]
async fn documents_of_tiny_values_stay_within_the_memory_for_events() {
    let (objects, api) = (Objects::default(), serve(FacesApi::new()).await);
    let binary = Binary::start(&objects.serve().await, &api.uri(), &[]).await;
    let before = binary.peak_memory();
    let maps = "{},".repeat(340_000);
    let event = |data: &str| {
        format!(r#"{{"specversion":"1.0","id":"1","source":"s","type":"t","data":[{data}1]}}"#)
    };
    let requests = (0..64).map(|_| {
        let request = binary
            .http
            .post(&binary.url)
            .header("content-type", "application/cloudevents+json")
            .body(event(&maps));
        async move { request.send().await.unwrap().status().as_u16() }
    });
    let statuses = futures_util::future::join_all(requests).await;
    assert!(statuses.contains(&400), "{statuses:?}");
    assert!(
        statuses.iter().all(|status| matches!(status, 400 | 429)),
        "{statuses:?}"
    );
    // What the limits grant to events, and to connections and moments.
    let grown = binary.peak_memory() - before;
    assert!(grown < (32 + 64) * MEBI, "{} MiB", grown / MEBI);
}
