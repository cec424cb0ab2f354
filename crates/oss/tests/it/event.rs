//! The event document in every form it is known to arrive in, and in forms it should not.

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_STANDARD_NO_PAD};
use oss::event::{
    self, AddressError, Event, EventError, EventKind, MAX_DOCUMENT_BYTES, MAX_EVENTS,
    MAX_WRAPPINGS, parse,
};
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

#[test]
fn only_the_name_must_be_readable() {
    let event = |field: &str, value: Value| {
        let mut event = json!({"eventName": "a", "oss": {"bucket": {}, "object": {}}});
        let (place, name) = field.rsplit_once('/').unwrap();
        event.pointer_mut(place).unwrap()[name] = value;
        only(&event.to_string())
    };
    for (field, value) in [
        ("/oss/object/size", json!("100")),
        ("/oss/object/size", json!(" 100 ")),
        ("/oss/object/size", json!(100)),
    ] {
        assert_eq!(event(field, value.clone()).size_bytes, Some(100), "{value}");
    }
    let shrunk = event("/oss/object/deltaSize", json!("-7"));
    assert_eq!(shrunk.delta_bytes, Some(-7));
    for (value, expected) in [
        (json!("2019-06-18T06:44:16.000Z"), "2019-06-18T06:44:16Z"),
        (json!(1_560_840_256), "2019-06-18T06:44:16Z"),
        (json!(1_560_840_256_000_i64), "2019-06-18T06:44:16Z"),
        (json!("1560840256123"), "2019-06-18T06:44:16.123Z"),
        (json!(1_560_840_256.5), "2019-06-18T06:44:16.5Z"),
    ] {
        let time = event("/eventTime", value.clone()).time.unwrap();
        assert_eq!(time.to_string(), expected, "{value}");
    }
    let owner = event(
        "/oss/bucket/ownerIdentity",
        json!(1_234_567_890_123_456_i64),
    );
    assert_eq!(owner.owner_id.as_deref(), Some("1234567890123456"));

    let nothing = only(r#"{"eventName":"a","oss":{"bucket":{},"object":{}}}"#);
    for field in [
        "/eventTime",
        "/region",
        "/responseElements",
        "/userIdentity",
        "/oss",
        "/oss/ruleId",
        "/oss/bucket",
        "/oss/object",
        "/oss/bucket/arn",
        "/oss/bucket/name",
        "/oss/object/key",
        "/oss/object/eTag",
        "/oss/object/size",
        "/oss/object/deltaSize",
        "/oss/object/objectMeta",
    ] {
        for value in [json!(null), json!(true), json!([1]), json!({"a": {}})] {
            let event = event(field, value.clone());
            let read = (event.time, event.size_bytes, event.delta_bytes, &event.etag);
            assert_eq!(read, (None, None, None, &None), "{field}: {value}");
            let read = (&event.request_id, &event.principal_id, &event.rule_id);
            assert_eq!(read, (&None, &None, &None), "{field}: {value}");
            assert_eq!(event.address(), nothing.address(), "{field}: {value}");
        }
    }
}

#[test]
fn fields_nested_as_in_the_published_schema_are_found() {
    let outer: Value = serde_json::from_str(&vector("oss-event.json")).unwrap();
    let mut inner = outer.clone();
    let nested = inner["events"][0].as_object_mut().unwrap();
    for field in [
        "region",
        "requestParameters",
        "responseElements",
        "userIdentity",
    ] {
        let value = nested.remove(field).unwrap();
        nested["oss"][field] = value;
    }
    let (outer, inner) = (only(&outer.to_string()), only(&inner.to_string()));
    assert_eq!(inner.address(), outer.address());
    assert_eq!(inner.request_id, outer.request_id);
    assert_eq!(inner.principal_id, outer.principal_id);
}

#[test]
fn the_resource_name_stands_in_for_missing_parts() {
    let event = only(
        r#"{"eventName":"ObjectCreated:PutObject","oss":{"bucket":{"arn":"acs:oss:cn-beijing:42:photos"},"object":{"key":"a"}}}"#,
    );
    assert_eq!(event.subject(), Some("acs:oss:cn-beijing:42:photos/a"));
    assert_eq!(event.address().unwrap().bucket.as_str(), "photos");
}

#[test]
fn a_document_of_one_event_can_be_rebuilt_to_the_byte() {
    let odd = r#"{ "eventName" : "ObjectCreated:PutObject", "size":1.50, "extra":{"é":[1, 2]} }"#;
    let events = parse(format!(r#"{{"events":[{odd},{odd}]}}"#).as_bytes()).unwrap();
    assert_eq!(events[1].raw(), odd);
    let again = parse(events[1].document().as_bytes()).unwrap();
    assert_eq!(again, [events[1].clone()]);
    assert_eq!(events[1].document(), format!(r#"{{"events":[{odd}]}}"#));
}

#[test]
fn what_an_event_lacks_is_absent() {
    let event = only(
        r#"{"eventName":"BucketCreated:PutBucket","oss":{"object":{"size":-1,"deltaSize":1.5}}}"#,
    );
    assert_eq!(
        (event.size_bytes, event.delta_bytes, event.time),
        (None, None, None)
    );
    assert_eq!(event.subject(), None);
    assert_eq!(
        event.address(),
        Err(&AddressError::Missing { part: "region" })
    );
    assert!(parse(br#"{"events":[]}"#).unwrap().is_empty());
}

#[test]
fn keys_are_taken_verbatim() {
    for key in [
        "a b+c",
        "100%25",
        "a%20b",
        "#?&",
        "人脸/😀.jpg",
        "\"quoted\"",
        " ",
        "a\tb\r\nHost: evil",
    ] {
        let event =
            only(&event("ObjectCreated:PutObject", "cn-shanghai", "photos", key).to_string());
        assert_eq!(event.address().unwrap().key.as_str(), key);
        assert_eq!(
            event.subject().unwrap(),
            format!("acs:oss:cn-shanghai:42:photos/{key}")
        );
    }
}

#[test]
fn an_event_that_lies_has_no_address() {
    let long = "a".repeat(1024);
    for (region, bucket, key) in [
        ("evil.example/", "photos", "a"),
        ("cn-shanghai", "evil.example/x", "a"),
        ("cn-shanghai", "photos", "../other"),
        ("cn-shanghai", "photos", "a\0b"),
        ("cn-shanghai", "photos", "a\u{1b}[2J"),
        ("cn-shanghai", "photos", ""),
        ("cn-shanghai", "photos", &long),
    ] {
        let event = only(&event("ObjectCreated:PutObject", region, bucket, key).to_string());
        let error = event.address().unwrap_err();
        assert!(
            matches!(error, AddressError::Name(_)),
            "{region} {bucket} {key:?}"
        );
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
}

#[test]
fn what_is_no_document_is_refused_with_its_reason() {
    let reason = |document: &str| match parse(document.as_bytes()) {
        Ok(events) => format!("{} events", events.len()),
        Err(error) => format!(
            "{error}: {:?}",
            std::error::Error::source(&error).map(ToString::to_string)
        ),
    };
    let table = [
        "",
        " ",
        "hello",
        "[]",
        "null",
        "17",
        "{",
        "{}",
        "\"",
        "\"\"",
        "\"{\"",
        "e30",
        "////",
        r#"{"events":{}}"#,
        r#"{"events":[1]}"#,
        r#"{"events":[{"eventName":7}]}"#,
        r#"{"eventName":"a b"}"#,
        r#"{"eventName":"a","eventName":"b"}"#,
        r#"{"eventName":"a","oss":[]}"#,
        r#"{"eventName":"a"}"#,
        r#"{"events":null,"eventName":"a"}"#,
        r#"{"eventName":"a"} trailing"#,
    ]
    .map(|document| format!("{document} => {}", reason(document)))
    .join("\n");
    insta::assert_snapshot!(table, @r#"
     => the document is neither JSON nor base64 of JSON: None
      => the document is neither JSON nor base64 of JSON: None
    hello => the document is neither JSON nor base64 of JSON: None
    [] => the document is neither JSON nor base64 of JSON: None
    null => the document is neither JSON nor base64 of JSON: None
    17 => the document is neither JSON nor base64 of JSON: None
    { => the document is not well-formed JSON: Some("EOF while parsing an object at line 1 column 1")
    {} => event 0 of the document is not an OSS event: Some("missing field `eventName`")
    " => the document is not well-formed JSON: Some("EOF while parsing a string at line 1 column 1")
    "" => the document is neither JSON nor base64 of JSON: None
    "{" => the document is not well-formed JSON: Some("EOF while parsing an object at line 1 column 1")
    e30 => event 0 of the document is not an OSS event: Some("missing field `eventName`")
    //// => the document is neither JSON nor base64 of JSON: None
    {"events":{}} => the document is not well-formed JSON: Some("invalid type: map, expected a sequence at line 1 column 0")
    {"events":[1]} => event 0 of the document is not an OSS event: Some("invalid type: integer `1`, expected an object at line 1 column 1")
    {"events":[{"eventName":7}]} => event 0 of the document is not an OSS event: Some("invalid type: integer `7`, expected a string at line 1 column 1")
    {"eventName":"a b"} => event 0 of the document has an unusable name: Some("`a b` is not an event name: only visible ASCII characters may occur")
    {"eventName":"a","eventName":"b"} => 1 events
    {"eventName":"a","oss":[]} => 1 events
    {"eventName":"a"} => 1 events
    {"events":null,"eventName":"a"} => 1 events
    {"eventName":"a"} trailing => the document is not well-formed JSON: Some("trailing characters at line 1 column 19")
    "#);
}

#[test]
fn bounds_hold() {
    let large = format!("{{{}}}", " ".repeat(MAX_DOCUMENT_BYTES));
    assert!(matches!(
        parse(large.as_bytes()),
        Err(EventError::TooLarge { .. })
    ));

    let many = vec![r#"{"eventName":"x"}"#; MAX_EVENTS + 1].join(",");
    let many = format!(r#"{{"events":[{many}]}}"#);
    assert!(
        matches!(parse(many.as_bytes()), Err(EventError::TooMany { count }) if count == MAX_EVENTS + 1)
    );

    let nested = |depth: usize| {
        format!(
            r#"{{"eventName":"x","y":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert!(parse(nested(event::MAX_DEPTH - 1).as_bytes()).is_ok());
    for depth in [event::MAX_DEPTH, 100_000] {
        assert!(
            matches!(parse(nested(depth).as_bytes()), Err(EventError::TooDeep)),
            "{depth}"
        );
    }
    let brackets_in_strings =
        r#"{"eventName":"x","y":"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}"#;
    assert!(parse(brackets_in_strings.as_bytes()).is_ok());
}

#[test]
fn an_error_does_not_repeat_the_document() {
    let document = format!(r#"{{"events":"{}"}}"#, "y\\n".repeat(50_000));
    let error = parse(document.as_bytes()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.len() < 300 && !cause.contains('\n'), "{cause}");
}

#[test]
fn endless_wrappings_are_not_followed() {
    let mut document = r#"{"events":[]}"#.to_owned();
    for wrappings in 1..=MAX_WRAPPINGS + 2 {
        document = BASE64_STANDARD.encode(document);
        assert_eq!(
            parse(document.as_bytes()).is_ok(),
            wrappings <= MAX_WRAPPINGS,
            "{wrappings}"
        );
    }
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
