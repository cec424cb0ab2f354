//! The event document in every form it is known to arrive in, and in forms it should not.

mod fields;
mod refusals;

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_STANDARD_NO_PAD};
use oss::event::{Event, EventKind, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::vector;

fn only(document: &str) -> Event {
    let mut events = parse(document.as_bytes()).unwrap();
    assert_eq!(events.len(), 1, "{document}");
    events.remove(0)
}

fn event(name: &str, region: &str, bucket: &str, key: &str) -> Value {
    json!({
        "eventName": name,
        "region": region,
        "oss": { "bucket": { "name": bucket, "ownerIdentity": "42" }, "object": { "key": key } },
    })
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[test]
fn the_published_document_is_understood() {
    let event = only(&vector("oss-event.json"));
    assert_eq!(event.name.kind(), EventKind::ObjectFinished);
    insta::assert_debug_snapshot!((event.name.clone(), event.time, event.address(), event.subject()), @r#"
    (
        "ObjectCreated:PutObject",
        Some(
            2024-05-06T07:08:09Z,
        ),
        Ok(
            ObjectAddress {
                region: "cn-shanghai",
                bucket: "face-image",
                key: "photos/a.jpg",
            },
        ),
        Some(
            "acs:oss:cn-shanghai:1234567890123456:face-image/photos/a.jpg",
        ),
    )
    "#);
    insta::assert_debug_snapshot!((&event.request_id, &event.rule_id, &event.owner_id, &event.principal_id), @r#"
    (
        Some(
            "663881D9A1B2C3D4E5F60718",
        ),
        Some(
            "face-rule",
        ),
        Some(
            "1234567890123456",
        ),
        Some(
            "1234567890123456",
        ),
    )
    "#);
    insta::assert_debug_snapshot!((&event.etag, event.size_bytes, event.delta_bytes, &event.content_type), @r#"
    (
        Some(
            "5D41402ABC4B2A76B9719D911017C592",
        ),
        Some(
            12990,
        ),
        Some(
            12990,
        ),
        None,
    )
    "#);
}

#[test]
fn every_wrapping_gives_the_same_events() {
    let compact: Value = serde_json::from_str(&vector("oss-event.json")).unwrap();
    let document = compact.to_string();
    let base64 = BASE64_STANDARD.encode(&document);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let expected = only(&document);
    for (name, wrapped) in [
        ("message body", vector("oss-event-message-body.txt")),
        ("bare base64", base64.clone()),
        (
            "base64 without padding",
            BASE64_STANDARD_NO_PAD.encode(&document),
        ),
        ("base64 in lines", lines.join("\r\n")),
        ("string of base64", quoted(&base64)),
        ("string of JSON", quoted(&document)),
        (
            "base64 of a string of base64",
            BASE64_STANDARD.encode(quoted(&base64)),
        ),
        ("surrounding blanks", format!(" \n{document}\n ")),
        ("byte order mark", format!("\u{feff}{document}")),
        (
            "byte order mark in base64",
            BASE64_STANDARD.encode(format!("\u{feff}{document}")),
        ),
    ] {
        assert_eq!(only(&wrapped), expected, "{name}");
    }
}

#[test]
fn the_eventbridge_form_is_one_bare_event() {
    let cloud_event: Value = serde_json::from_str(&vector("eventbridge-oss-event.json")).unwrap();
    let event = only(&cloud_event["data"].to_string());
    assert_eq!(event.subject(), cloud_event["subject"].as_str());
    assert_eq!(event.name.cloud_event_type(), cloud_event["type"]);
    assert_eq!(event.request_id.as_deref(), cloud_event["id"].as_str());
    assert_eq!(event.content_type.as_deref(), Some("image/jpeg"));
    assert_eq!(event.rule_id, None);
}

/// The wrappings that publishers, subscriptions and EventBridge use.
fn wrapped(how: &str, content: &str) -> String {
    let json = |wrapped: Value| wrapped.to_string();
    match how {
        "base64" => BASE64_STANDARD.encode(content),
        "string" => quoted(content),
        "CloudEvent with an object" => {
            format!(
                r#"{{"specversion":"1.0","id":"1","source":"acs.oss","type":"t","data":{content}}}"#
            )
        }
        "CloudEvent with text" => json(
            json!({"specversion": "1.0", "id": "1", "source": "acs.mns", "type": "t", "data": content}),
        ),
        "CloudEvent with base64" => json(
            json!({"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data_base64": BASE64_STANDARD.encode(content)}),
        ),
        "CloudEvent 0.1" => json(
            json!({"cloudEventsVersion": "0.1", "eventID": "1", "source": "s", "eventType": "t", "data": content}),
        ),
        "queue message" => {
            json(json!({"requestId": "r", "messageId": "m", "messageBody": content}))
        }
        "notification in JSON" => json(
            json!({"TopicOwner": "1", "TopicName": "t", "SubscriptionName": "s", "Message": content}),
        ),
        "notification in XML" => format!(
            "<Notification><TopicName>t</TopicName><Message>{}</Message></Notification>",
            content.replace('&', "&amp;").replace('<', "&lt;")
        ),
        _ => panic!("{how}"),
    }
}

#[test]
fn every_wrapping_may_hold_every_other() {
    let document = vector("oss-event.json");
    let expected = only(&document);
    let all = [
        "base64",
        "string",
        "CloudEvent with an object",
        "CloudEvent with text",
        "CloudEvent with base64",
        "CloudEvent 0.1",
        "queue message",
        "notification in JSON",
        "notification in XML",
    ];
    for inner in all {
        let once = wrapped(inner, &document);
        assert_eq!(only(&once), expected, "{inner}");
        for outer in all {
            if outer == "CloudEvent with an object" && !once.starts_with(['{', '"']) {
                continue;
            }
            let twice = wrapped(outer, &once);
            assert_eq!(only(&twice), expected, "{inner} in {outer}: {twice}");
        }
    }
}

#[test]
fn the_complete_event_of_eventbridge_is_read_in_every_wrapping() {
    let cloud_event: Value = serde_json::from_str(&vector("eventbridge-oss-event.json")).unwrap();
    let expected = only(&cloud_event["data"].to_string());
    let complete = cloud_event.to_string();
    assert_eq!(only(&complete), expected);
    for how in ["base64", "notification in JSON", "notification in XML"] {
        assert_eq!(only(&wrapped(how, &complete)), expected, "{how}");
        let encoded = wrapped(how, &wrapped("base64", &complete));
        assert_eq!(only(&encoded), expected, "base64 in {how}");
    }
}

#[test]
fn a_cloud_event_around_a_document_tells_what_the_document_does_not() {
    let data = |document: Value| {
        let cloud_event = json!({
            "specversion": "1.0", "id": "outer", "source": "acs.oss", "type": "t",
            "time": "2024-05-06T07:08:09Z", "data": document,
        });
        let event = only(&cloud_event.to_string());
        (event.request_id, event.time.map(|time| time.to_string()))
    };
    let (outer, time) = (Some("outer".to_owned()), "2024-05-06T07:08:09Z".to_owned());
    assert_eq!(
        data(json!({"eventName": "a"})),
        (outer.clone(), Some(time.clone()))
    );
    assert_eq!(
        data(json!({"eventName": "a", "responseElements": {"requestId": ""}})),
        (outer, Some(time.clone()))
    );
    assert_eq!(
        data(json!({"eventName": "a", "responseElements": {"requestId": "inner"}})),
        (Some("inner".into()), Some(time))
    );
    let early = "2020-01-01T00:00:00Z";
    assert_eq!(
        data(json!({"eventName": "a", "eventTime": early}))
            .1
            .as_deref(),
        Some(early)
    );
}

proptest! {
    #[test]
    fn several_events_keep_their_number_and_order(keys in proptest::collection::vec("[a-z0-9 /+%é]{1,20}", 0..20)) {
        let events: Vec<Value> =
            keys.iter().map(|key| event("ObjectCreated:PutObject", "cn-shanghai", "photos", key)).collect();
        let document = json!({ "events": events }).to_string();
        let parsed = parse(BASE64_STANDARD.encode(&document).as_bytes()).unwrap();
        prop_assert_eq!(parsed.len(), keys.len());
        for (event, key) in parsed.iter().zip(&keys) {
            let subject = format!("acs:oss:cn-shanghai:42:photos/{key}");
            prop_assert_eq!(event.subject(), Some(subject.as_str()));
        }
    }
}
