//! The fields of one event: which must be readable, and where they may stand.

use oss::event::{AddressError, parse};
use serde_json::{Value, json};

use super::{event, only};
use crate::vector;

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
    for early in [json!("-000001-12-31T23:59:59Z"), json!(-62_167_219_201_i64)] {
        assert_eq!(event("/eventTime", early.clone()).time, None, "{early}");
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
fn odd_event_is_read_alike_in_a_plain_list_and_in_another_document() {
    for event in [
        r#"{"eventName":"a","eventName":"b"}"#,
        r#"{"\u0065ventName":"a","eventTime":"2019-06-18T06:44:16.000Z"}"#,
        r#" { "eventName" : "a" , "oss" : { "object" : { "size" : 1 } } } "#,
        r#"{"eventName":"a","oss":{"bucket":{"name":"photos"},"bucket":{"ownerIdentity":4}}}"#,
        r#"{"eventName":"a","oss":{"bucket":{"ownerIdentity":4},"bucket":null}}"#,
        r#"{"eventName":"a","oss":{"object":{"key":"\ud800","size":"1","eTag":"\u0041"}}}"#,
        r#"{"eventName":"a","oss":[{"bucket":{}}],"userIdentity":{"principalId":7}}"#,
        r#"{"eventName":"a","responseElements":5,"oss":{"responseElements":{"requestId":"r"}}}"#,
        r#"{"eventName":"a","responseElements":null,"oss":{"responseElements":{"requestId":"r"}}}"#,
        r#"{"eventName":"a","events":[{"eventName":"b"}]}"#,
    ] {
        let plain = only(&format!(r#"{{"events":[{event}]}}"#));
        assert_eq!(plain.raw(), event.trim());
        for document in [
            format!(r#"{{"events":[{event}],"version":1}}"#),
            format!(r#"{{"events":[],"events":[{event}]}}"#),
            format!("{{\n\t\"events\" : [ {event} ] \r\n}}"),
        ] {
            assert_eq!(only(&document), plain, "{document}");
        }
        let both = parse(format!(r#"{{"events":[{event} , {event}]}}"#).as_bytes()).unwrap();
        assert_eq!(both, [plain.clone(), plain]);
    }
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
