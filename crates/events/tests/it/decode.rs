//! What is read, and what is refused with which words.

use std::fmt::Write as _;

use bytes::Bytes;
use cloudevents::{AttributesReader, Data, EventBuilder, EventBuilderV10};
use events::{DecodeError, from_http};
use http::HeaderMap;
use proptest::prelude::*;

use crate::headers;

const REQUIRED: [(&str, &[u8]); 4] = [
    ("ce-specversion", b"1.0"),
    ("ce-id", b"1"),
    ("ce-source", b"acs.oss"),
    ("ce-type", b"oss:ObjectCreated:PutObject"),
];

fn with(more: &[(&str, &[u8])]) -> HeaderMap {
    headers(&[&REQUIRED, more].concat())
}

#[test]
fn binary_mode_is_read() {
    let headers = with(&[
        (
            "ce-subject",
            "acs:oss:cn-shanghai:1:b/人脸%201.jpg".as_bytes(),
        ),
        ("ce-time", b"2024-05-06T07:08:09.000Z"),
        ("ce-dataschema", b"https://schema.example/1"),
        ("ce-knativearrivaltime", b"2024-05-06T07:08:10Z"),
        ("ce-not-a-name", b"passed over"),
        ("content-type", b"application/json;charset=utf-8"),
    ]);
    let event = from_http(&headers, Bytes::from_static(b"{}")).unwrap();
    assert_eq!(event.subject(), Some("acs:oss:cn-shanghai:1:b/人脸 1.jpg"));
    assert_eq!(event.time().unwrap().timestamp(), 1_714_979_289);
    assert_eq!(
        event.dataschema().unwrap().as_str(),
        "https://schema.example/1"
    );
    assert_eq!(
        event.datacontenttype(),
        Some("application/json;charset=utf-8")
    );
    assert_eq!(event.data(), Some(&Data::Binary(b"{}".to_vec())));
    let extensions: Vec<_> = event.iter_extensions().map(|(name, _)| name).collect();
    assert_eq!(extensions, ["knativearrivaltime"]);
}

#[test]
fn empty_body_is_no_data() {
    assert_eq!(from_http(&with(&[]), Bytes::new()).unwrap().data(), None);
}

#[test]
fn structured_mode_is_read() {
    let body = r#"{"specversion":"1.0","id":"1","source":"acs.oss","type":"t","subject":"人脸 %20","data":{"a":1}}"#;
    for content_type in [
        "application/cloudevents+json",
        "application/cloudevents+json; charset=utf-8",
        "Application/CloudEvents+JSON",
    ] {
        let headers = headers(&[("content-type", content_type.as_bytes())]);
        let event = from_http(&headers, Bytes::from(body)).unwrap();
        assert_eq!(
            event.subject(),
            Some("人脸 %20"),
            "{content_type}: JSON text is never percent-decoded"
        );
        assert_eq!(
            event.data(),
            Some(&Data::Binary(br#"{"a":1}"#.to_vec())),
            "{content_type}"
        );
        assert_eq!(event.datacontenttype(), Some("application/json"));
    }
}

fn structured(body: &str) -> events::Event {
    let headers = headers(&[("content-type", b"application/cloudevents+json")]);
    from_http(&headers, Bytes::from(body.to_owned())).unwrap()
}

#[test]
fn data_of_structured_mode_becomes_the_bytes_of_binary_mode() {
    let table: [(&str, &str, &[u8]); 7] = [
        (
            "an object",
            r#""data":{"b":1, "a":[]}"#,
            br#"{"b":1, "a":[]}"#,
        ),
        ("a string of JSON", r#""data":"aGk=""#, br#""aGk=""#),
        (
            "a string of text",
            r#""datacontenttype":"text/plain","data":"a\nb""#,
            b"a\nb",
        ),
        (
            "JSON that says so",
            r#""datacontenttype":"application/vnd.oss+json;a=b","data":"x""#,
            br#""x""#,
        ),
        ("base64", r#""data_base64":"aGk=""#, b"hi"),
        ("nothing", r#""data":null"#, b""),
        ("a number", r#""data":1.50"#, b"1.50"),
    ];
    for (name, data, expected) in table {
        let event = structured(&format!(
            r#"{{"specversion":"1.0","id":"1","source":"s","type":"t",{data}}}"#
        ));
        let data = events::data_bytes(&event).unwrap_or_default();
        assert_eq!(data, expected, "{name}");
    }
}

#[test]
fn extensions_of_no_type_of_cloudevents_are_passed_over() {
    let event = structured(
        r#"{"specversion":"1.0","id":"1","source":"s","type":"t",
            "a":"x","b":true,"c":-7,"d":1.5,"e":{"f":1},"g":[],"h":null,"Upper":"x"}"#,
    );
    let mut extensions: Vec<_> = event.iter_extensions().map(|(name, _)| name).collect();
    extensions.sort_unstable();
    assert_eq!(extensions, ["a", "b", "c"]);
}

#[test]
fn document_of_tiny_values_costs_no_more_than_its_size() {
    let maps = "{},".repeat(300_000);
    let data = format!("[{maps}1]");
    let event = structured(&format!(
        r#"{{"specversion":"1.0","id":"1","source":"s","type":"t","data":{data}}}"#
    ));
    assert_eq!(event.data(), Some(&Data::Binary(data.into_bytes())));

    let mut body = "{".to_owned();
    for number in 0..200_000 {
        write!(body, r#""a{number}":1,"#).unwrap();
    }
    body.push_str(r#""specversion":"1.0"}"#);
    let headers = headers(&[("content-type", b"application/cloudevents+json")]);
    let error = from_http(&headers, Bytes::from(body)).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        source.starts_with("there are more than 256 attributes"),
        "{source}"
    );
}

#[test]
fn refusals_say_what_to_do() {
    let json: (&str, &[u8]) = ("content-type", b"application/cloudevents+json");
    let table: Vec<(&str, HeaderMap, &str)> = vec![
        ("no event", headers(&[("content-type", b"text/html")]), ""),
        (
            "batch",
            headers(&[("content-type", b"application/cloudevents-batch+json")]),
            "[]",
        ),
        (
            "XML",
            headers(&[("content-type", b"application/cloudevents+xml; a=b")]),
            "<event/>",
        ),
        ("only a version", headers(&[("ce-specversion", b"1.0")]), ""),
        (
            "one missing",
            headers(&[REQUIRED[0], REQUIRED[1], REQUIRED[2], ("ce-type", b"")]),
            "",
        ),
        ("no version yet", headers(&[("ce-specversion", b"1.1")]), ""),
        (
            "incomplete 0.1",
            headers(&[("ce-cloudeventsversion", b"0.1"), ("ce-source", b"s")]),
            "",
        ),
        (
            "two subjects",
            with(&[("ce-subject", b"a"), ("ce-subject", b"b")]),
            "",
        ),
        ("bad UTF-8", with(&[("ce-subject", b"%FF")]), ""),
        ("bad time", with(&[("ce-time", b"yesterday")]), ""),
        ("bad schema", with(&[("ce-dataschema", b"a b")]), ""),
        ("not JSON", headers(&[json]), "{"),
        ("JSON, not an object", headers(&[json]), "[1]"),
        (
            "structured, two missing",
            headers(&[json]),
            r#"{"specversion":"1.0","id":"1","source":""}"#,
        ),
        (
            "structured, no version yet",
            headers(&[json]),
            r#"{"specversion":"2.0","id":"1","source":"s","type":"t"}"#,
        ),
        (
            "structured, given twice",
            headers(&[json]),
            r#"{"specversion":"1.0","id":"1","id":"2","source":"s","type":"t"}"#,
        ),
        (
            "structured, not base64",
            headers(&[json]),
            r#"{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"?"}"#,
        ),
    ];
    let mut shown = String::new();
    for (name, headers, body) in table {
        let error: DecodeError = from_http(&headers, Bytes::from(body)).unwrap_err();
        writeln!(shown, "{name}: {error}").unwrap();
    }
    insta::assert_snapshot!(shown, @r"
    no event: not a CloudEvent: no header `ce-specversion` and no content type `application/cloudevents+json`
    batch: batches of events are not accepted: send one event per request
    XML: content type `application/cloudevents+xml` is not accepted: use `application/cloudevents+json` or binary mode
    only a version: the event lacks the required attributes `id`, `source`, `type`
    one missing: the event lacks the required attribute `type`
    no version yet: CloudEvents version `1.1` is not accepted: use 1.0 (0.1 to 0.3 are read, too)
    incomplete 0.1: the event lacks the required attributes `eventID`, `eventType`
    two subjects: attribute `subject` is given twice
    bad UTF-8: attribute `subject` is not UTF-8
    bad time: attribute `time` does not parse
    bad schema: attribute `dataschema` does not parse
    not JSON: the body is not a CloudEvent in JSON
    JSON, not an object: the body is not a CloudEvent in JSON
    structured, two missing: the event lacks the required attributes `source`, `type`
    structured, no version yet: CloudEvents version `2.0` is not accepted: use 1.0 (0.1 to 0.3 are read, too)
    structured, given twice: attribute `id` is given twice
    structured, not base64: `data_base64` of the event is not base64
    ");
}

proptest! {
    #[test]
    fn binary_mode_round_trips(
        id in "\\PC+",
        subject in any::<String>(),
        extension in any::<String>(),
        data in proptest::collection::vec(any::<u8>(), 1..64),
    ) {
        let event = EventBuilderV10::new()
            .id(id)
            .source("acs.oss")
            .ty("oss:ObjectCreated:PutObject")
            .subject(subject)
            .extension("ext", extension)
            .data("application/octet-stream", data)
            .build()
            .unwrap();
        let message = events::binary(event.clone()).unwrap();
        prop_assert_eq!(from_http(&message.headers, message.body).unwrap(), event);
    }

    #[test]
    fn structured_mode_round_trips(id in "\\PC+", subject in any::<String>(), text in any::<String>()) {
        let event = EventBuilderV10::new()
            .id(id).source("acs.oss").ty("t").subject(subject).data("text/plain", text).build().unwrap();
        let message = events::structured(&event).unwrap();
        prop_assert_eq!(from_http(&message.headers, message.body).unwrap(), event);
    }
}
