use std::net::Ipv4Addr;

use base64::Engine as _;
use serde_json::Value;

use super::*;
use crate::oss::address::{Address, Style};
use crate::oss::query::Query;
use crate::oss::request_id::RequestId;

fn request() -> OssRequest {
    let (parts, ()) = http::Request::put("/photos/a.jpg")
        .body(())
        .unwrap()
        .into_parts();
    let received = jiff::Timestamp::from_second(1_714_979_289).unwrap();
    OssRequest {
        query: Query::of(&parts.uri),
        parts,
        address: Address {
            bucket: Some("face-image".to_owned()),
            key: Some("photos/a.jpg".to_owned()),
            style: Style::VirtualHosted,
            endpoint: "localhost".to_owned(),
        },
        id: RequestId::new(received),
        peer: Ipv4Addr::new(192, 0, 2, 10).into(),
        received,
        announced: std::sync::Arc::default(),
    }
}

fn sums() -> Sums {
    Sums {
        etag: "5D41402ABC4B2A76B9719D911017C592".to_owned(),
        crc64: 0,
        content_md5: None,
    }
}

fn document(happened: &ObjectEvent) -> Value {
    let request = request();
    let message = happened.message(&request, &crate::settings::Settings::default(), "face-rule");
    let json = BASE64_STANDARD.decode(message).unwrap();
    let mut document: Value = serde_json::from_slice(&json).unwrap();
    let id = &mut document["events"][0]["responseElements"]["requestId"];
    assert_eq!(*id, request.id.to_string());
    *id = "663881D9A1B2C3D4E5F60718".into();
    document
}

#[test]
fn the_document_is_the_published_one() {
    let happened = ObjectEvent::new("ObjectCreated:PutObject", "photos/a.jpg", &sums(), 12_990);
    let expected: Value = serde_json::from_str(include_str!("oss-event.json")).unwrap();
    assert_eq!(document(&happened), expected);
}

#[test]
fn some_events_say_more_about_the_object() {
    let mut appended = ObjectEvent::new("ObjectCreated:AppendObject", "log", &sums(), 30);
    appended.appended(10, 20);
    let read = ObjectEvent {
        delta: 0,
        read: Some(5..9),
        ..ObjectEvent::new("ObjectDownloaded:GetObject", "k", &sums(), 30)
    };
    let cases = [
        (
            appended,
            r#"{"deltaSize":20,"eTag":"5D41402ABC4B2A76B9719D911017C592","key":"log","position":10,"size":30}"#,
        ),
        (
            read,
            r#"{"deltaSize":0,"eTag":"5D41402ABC4B2A76B9719D911017C592","key":"k","readFrom":5,"readTo":9,"size":30}"#,
        ),
        (
            ObjectEvent::started("ObjectRemoved:AbortMultipartUpload", "k"),
            r#"{"deltaSize":0,"eTag":"","key":"k","size":0}"#,
        ),
    ];
    for (happened, expected) in cases {
        let object = document(&happened)["events"][0]["oss"]["object"].to_string();
        assert_eq!(object, expected, "{}", happened.event);
    }
}

#[test]
fn keys_stand_as_they_are() {
    let key = "a b+c%20/上海 \"quoted\" 😀";
    let happened = ObjectEvent::new("ObjectCreated:PutObject", key, &sums(), 1);
    assert_eq!(
        document(&happened)["events"][0]["oss"]["object"]["key"],
        key
    );
}
