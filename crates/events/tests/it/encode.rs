//! What is written, byte by byte.

use std::fmt::Write as _;

use cloudevents::{Event, EventBuilder, EventBuilderV10};
use events::{EncodeError, HttpMessage};
use serde_json::json;

fn event() -> EventBuilderV10 {
    EventBuilderV10::new()
        .id("663881D9A1B2C3D4E5F60718")
        .source("acs.oss")
        .ty("oss:ObjectCreated:PutObject")
}

fn shown(message: &HttpMessage) -> String {
    let mut lines: Vec<String> = message
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    let mut text = lines.join("\n");
    write!(text, "\n\n{}", String::from_utf8_lossy(&message.body)).unwrap();
    text
}

#[test]
fn binary_mode_puts_attributes_into_headers() {
    let event = event()
        .subject("acs:oss:cn-shanghai:1234567890123456:face-image/人脸 100%.jpg")
        .time("2024-05-06T07:08:09.5+00:00")
        .extension("aliyunregionid", "cn-shanghai")
        .extension("count", 3)
        .data("application/json", json!({"events": []}))
        .build()
        .unwrap();
    insta::assert_snapshot!(shown(&events::binary(event).unwrap()), @r#"
    ce-aliyunregionid: cn-shanghai
    ce-count: 3
    ce-id: 663881D9A1B2C3D4E5F60718
    ce-source: acs.oss
    ce-specversion: 1.0
    ce-subject: acs:oss:cn-shanghai:1234567890123456:face-image/%E4%BA%BA%E8%84%B8%20100%25.jpg
    ce-time: 2024-05-06T07:08:09.500Z
    ce-type: oss:ObjectCreated:PutObject
    content-type: application/json

    {"events":[]}
    "#);
}

#[test]
fn structured_mode_is_one_json_document() {
    let event = event()
        .subject("人脸.jpg")
        .data("text/plain", "hi")
        .build()
        .unwrap();
    insta::assert_snapshot!(shown(&events::structured(&event).unwrap()), @r#"
    content-type: application/cloudevents+json; charset=utf-8

    {"specversion":"1.0","id":"663881D9A1B2C3D4E5F60718","type":"oss:ObjectCreated:PutObject","source":"acs.oss","datacontenttype":"text/plain","subject":"人脸.jpg","data":"hi"}
    "#);
}

#[test]
fn json_data_without_content_type_is_labelled() {
    let mut event = event().build().unwrap();
    event.set_data_unchecked(json!(1));
    assert_eq!(
        events::binary_headers(&event).unwrap()["content-type"],
        "application/json"
    );
}

#[test]
fn what_no_receiver_accepts_is_not_sent() {
    let cases: [(&str, Event, &str); 5] = [
        (
            "empty id",
            event().id("").build().unwrap(),
            "attribute `id` of the event is empty",
        ),
        (
            "empty type",
            event().ty("").build().unwrap(),
            "attribute `type` of the event is empty",
        ),
        (
            "upper-case extension",
            event().extension("Region", "x").build().unwrap(),
            "`Region` is not the name of an extension: use other lower-case letters and digits",
        ),
        (
            "reserved extension",
            event().extension("data", "x").build().unwrap(),
            "`data` is not the name of an extension: use other lower-case letters and digits",
        ),
        (
            "content type with a line break",
            event().data("a\nb", "x").build().unwrap(),
            "`a\nb` is not a content type",
        ),
    ];
    for (name, event, expected) in cases {
        let error: EncodeError = events::binary_headers(&event).unwrap_err();
        assert_eq!(error.to_string(), expected, "{name}");
    }
}

#[test]
fn more_attributes_than_there_can_be_headers_are_refused() {
    let mut event = event().build().unwrap();
    for number in 0..40_000 {
        event.set_extension(&format!("e{number}"), "x");
    }
    let refused = events::binary_headers(&event);
    assert!(
        matches!(refused, Err(EncodeError::Header { .. })),
        "{refused:?}"
    );
    assert!(events::structured(&event).is_ok());
}
