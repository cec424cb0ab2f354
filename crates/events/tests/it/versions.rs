//! CloudEvents before 1.0, in the wire forms of the Go SDK of 2019 (0.7 to 0.10), which the
//! original event source and its consumer were built with.

use bytes::Bytes;
use cloudevents::{Event, EventBuilder, EventBuilderV10};
use events::{HttpMessage, SpecVersion, binary_as, data_bytes, from_http, structured_as};

use crate::headers;

/// What the original source sent as data: the message body, `{"events":[]}` in base64, as a
/// JSON string.
const BODY: &str = r#""eyJldmVudHMiOltdfQ==""#;

fn shown(event: &Event) -> String {
    let mut lines: Vec<_> = event
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.sort_unstable();
    let data = data_bytes(event).unwrap_or_default();
    lines.push(String::from_utf8_lossy(&data).into_owned());
    lines.join("\n")
}

fn in_headers(pairs: &[(&str, &[u8])]) -> String {
    shown(&from_http(&headers(pairs), Bytes::from_static(BODY.as_bytes())).unwrap())
}

fn in_json(body: &str) -> String {
    let headers = headers(&[("content-type", b"application/cloudevents+json")]);
    shown(&from_http(&headers, Bytes::from(body.to_owned())).unwrap())
}

#[test]
fn event_of_the_original_source_is_read() {
    insta::assert_snapshot!(in_headers(&[
        ("Ce-Specversion", b"0.2"),
        ("Ce-Type", b"alicloud.mns.topic"),
        ("Ce-Source", b"mns-en-topics-oss-face-image-2381221888dds9129"),
        ("Ce-Id", b"4CB6628E76D14F14-2-16CA8C4F9BD-200000006"),
        ("Ce-Time", b"2019-08-19T07:46:10.045Z"),
        ("Content-Type", b"application/json"),
    ]), @r#"
    datacontenttype: application/json
    id: 4CB6628E76D14F14-2-16CA8C4F9BD-200000006
    source: mns-en-topics-oss-face-image-2381221888dds9129
    specversion: 1.0
    time: 2019-08-19T07:46:10.045+00:00
    type: alicloud.mns.topic
    "eyJldmVudHMiOltdfQ=="
    "#);
}

#[test]
fn binary_mode_of_every_version_is_read() {
    insta::assert_snapshot!(in_headers(&[
        ("CE-CloudEventsVersion", b"0.1"),
        ("CE-EventID", b"ABC-123"),
        ("CE-EventTime", b"2019-08-19T07:46:10Z"),
        ("CE-EventType", b"com.example.test"),
        ("CE-EventTypeVersion", b"v1"),
        ("CE-SchemaURL", b"http://example.com/schema"),
        ("CE-Source", b"http://example.com/source"),
        ("CE-X-Test", br#""extended""#),
        ("Content-Type", b"application/json"),
    ]), @r#"
    datacontenttype: application/json
    dataschema: http://example.com/schema
    eventtypeversion: v1
    id: ABC-123
    source: http://example.com/source
    specversion: 1.0
    test: extended
    time: 2019-08-19T07:46:10+00:00
    type: com.example.test
    "eyJldmVudHMiOltdfQ=="
    "#);
    insta::assert_snapshot!(in_headers(&[
        ("ce-specversion", b"0.3"),
        ("ce-id", b"ABC-123"),
        ("ce-time", b"no time"),
        ("ce-type", b"com.example.test"),
        ("ce-schemaurl", b"/relative"),
        ("ce-source", b"/source"),
        ("ce-subject", b"a.jpg"),
        ("ce-datacontentencoding", b"Base64"),
        ("ce-asmap-a", br#""apple""#),
        ("ce-test", b"extended"),
        ("content-type", b"application/json"),
    ]), @r#"
    datacontenttype: application/json
    id: ABC-123
    source: /source
    specversion: 1.0
    subject: a.jpg
    test: extended
    type: com.example.test
    {"events":[]}
    "#);
}

#[test]
fn structured_mode_of_every_version_is_read() {
    insta::assert_snapshot!(in_json(r#"{
        "cloudEventsVersion":"0.1","eventID":"ABC-123","eventTime":"2019-08-19T07:46:10Z",
        "eventType":"com.example.test","eventTypeVersion":"v1","schemaURL":"http://example.com/schema",
        "contentType":"application/json","source":"http://example.com/source",
        "extensions":{"test":"extended","nested":{"a":1}},"data":{"hello":"world"}}"#), @r#"
    datacontenttype: application/json
    dataschema: http://example.com/schema
    id: ABC-123
    source: http://example.com/source
    specversion: 1.0
    test: extended
    time: 2019-08-19T07:46:10+00:00
    type: com.example.test
    {"hello":"world"}
    "#);
    insta::assert_snapshot!(in_json(r#"{
        "specversion":"0.2","id":"ABC-123","type":"com.example.test","source":"/source",
        "contenttype":"application/json","test":"extended","-":{"test":"extended"},
        "data":"eyJldmVudHMiOltdfQ=="}"#), @r#"
    datacontenttype: application/json
    id: ABC-123
    source: /source
    specversion: 1.0
    test: extended
    type: com.example.test
    "eyJldmVudHMiOltdfQ=="
    "#);
    insta::assert_snapshot!(in_json(r#"{
        "specversion":"0.3","id":"ABC-123","type":"com.example.test","source":"/source",
        "subject":"a.jpg","datacontenttype":"text/plain","datacontentencoding":"base64",
        "schemaurl":"http://example.com/schema","data":"aGk="}"#), @r"
    datacontenttype: text/plain
    dataschema: http://example.com/schema
    id: ABC-123
    source: /source
    specversion: 1.0
    subject: a.jpg
    type: com.example.test
    hi
    ");
}

fn event(content_type: &str, data: &[u8]) -> Event {
    EventBuilderV10::new()
        .id("663881D9A1B2C3D4E5F60718")
        .source("acs.oss")
        .ty("oss:ObjectCreated:PutObject")
        .subject("acs:oss:cn-shanghai:1:face-image/a.jpg")
        .time("2024-05-06T07:08:09+00:00")
        .extension("team", "photos")
        .data(content_type, data.to_vec())
        .build()
        .unwrap()
}

fn written(message: &HttpMessage) -> String {
    let mut lines: Vec<String> = message
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort_unstable();
    lines.push(String::from_utf8_lossy(&message.body).into_owned());
    lines.join("\n")
}

#[test]
fn binary_mode_is_written_as_the_consumers_of_2019_read_it() {
    let event = event("application/json", BODY.as_bytes());
    insta::assert_snapshot!(written(&binary_as(SpecVersion::V02, event).unwrap()), @r#"
    ce-id: 663881D9A1B2C3D4E5F60718
    ce-source: acs.oss
    ce-specversion: 0.2
    ce-subject: acs:oss:cn-shanghai:1:face-image/a.jpg
    ce-team: photos
    ce-time: 2024-05-06T07:08:09Z
    ce-type: oss:ObjectCreated:PutObject
    content-type: application/json
    "eyJldmVudHMiOltdfQ=="
    "#);
}

#[test]
fn structured_mode_is_written_as_the_consumers_of_2019_read_it() {
    let event = event("application/json", BODY.as_bytes());
    // Their SDK compares the content type as a whole.
    insta::assert_snapshot!(written(&structured_as(SpecVersion::V02, &event).unwrap()), @r#"
    content-type: application/cloudevents+json
    {"specversion":"0.2","id":"663881D9A1B2C3D4E5F60718","type":"oss:ObjectCreated:PutObject","source":"acs.oss","contenttype":"application/json","subject":"acs:oss:cn-shanghai:1:face-image/a.jpg","time":"2024-05-06T07:08:09Z","team":"photos","data":"eyJldmVudHMiOltdfQ=="}
    "#);
    insta::assert_snapshot!(written(&structured_as(SpecVersion::V03, &event).unwrap()), @r#"
    content-type: application/cloudevents+json
    {"specversion":"0.3","id":"663881D9A1B2C3D4E5F60718","type":"oss:ObjectCreated:PutObject","source":"acs.oss","datacontenttype":"application/json","subject":"acs:oss:cn-shanghai:1:face-image/a.jpg","time":"2024-05-06T07:08:09Z","team":"photos","data":"eyJldmVudHMiOltdfQ=="}
    "#);
}

#[test]
fn every_version_can_be_read_again() {
    let versions = [
        SpecVersion::V01,
        SpecVersion::V02,
        SpecVersion::V03,
        SpecVersion::V10,
    ];
    for version in versions {
        for (content_type, data) in [
            ("application/json", BODY.as_bytes()),
            ("application/json", b"no JSON"),
            ("application/octet-stream", &[0, 255]),
        ] {
            let event = event(content_type, data);
            let modes = [
                binary_as(version, event.clone()).unwrap(),
                structured_as(version, &event).unwrap(),
            ];
            for message in modes {
                let read = from_http(&message.headers, message.body).unwrap();
                assert_eq!(shown(&read), shown(&event), "{version:?} {content_type}");
            }
        }
    }
}
