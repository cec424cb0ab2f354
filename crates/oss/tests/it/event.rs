//! The event document in every form it is known to arrive in, and in forms it should not.

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_STANDARD_NO_PAD};
use oss::event::{self, AddressError, Event, EventError, MAX_DOCUMENT_BYTES, MAX_EVENTS, parse};
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
    assert!(event.name.is_object_created());
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
        ("cn-shanghai", "photos", "a\r\nHost: evil"),
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
    {} => event 0 of the document is not an OSS event: Some("missing field `eventName` at line 1 column 2")
    " => the document is not well-formed JSON: Some("EOF while parsing a string at line 1 column 1")
    "" => the document is neither JSON nor base64 of JSON: None
    "{" => the document is not well-formed JSON: Some("EOF while parsing an object at line 1 column 1")
    e30 => event 0 of the document is not an OSS event: Some("missing field `eventName` at line 1 column 2")
    //// => the document is neither JSON nor base64 of JSON: None
    {"events":{}} => the document is not well-formed JSON: Some("invalid type: map, expected a sequence at line 1 column 10")
    {"events":[1]} => event 0 of the document is not an OSS event: Some("it is not an object")
    {"events":[{"eventName":7}]} => event 0 of the document is not an OSS event: Some("invalid type: integer `7`, expected a string at line 1 column 14")
    {"eventName":"a b"} => event 0 of the document has an unusable name: Some("`a b` is not an event name: only visible ASCII characters may occur")
    {"eventName":"a","eventName":"b"} => event 0 of the document is not an OSS event: Some("duplicate field `eventName` at line 1 column 28")
    {"eventName":"a","oss":[]} => event 0 of the document is not an OSS event: Some("invalid length 0, expected struct Oss with 6 elements at line 1 column 25")
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
    let document = format!(r#"{{"eventName":"x","oss":"{}"}}"#, "y\\n".repeat(50_000));
    let error = parse(document.as_bytes()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.len() < 300 && !cause.contains('\n'), "{cause}");
}

#[test]
fn endless_wrappings_are_not_followed() {
    let mut document = r#"{"events":[]}"#.to_owned();
    for wrappings in 1..=5 {
        document = BASE64_STANDARD.encode(document);
        assert_eq!(
            parse(document.as_bytes()).is_ok(),
            wrappings <= 3,
            "{wrappings}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(document in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&document);
    }

    #[test]
    fn damaged_documents_never_panic(at in 0_usize..800, byte in any::<u8>()) {
        let mut document = vector("oss-event.json").into_bytes();
        let at = at % document.len();
        document[at] = byte;
        let _ = parse(&document);
    }

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
