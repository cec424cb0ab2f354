use http::HeaderValue;

use super::*;
use crate::Config;
use crate::broadcaster::Broadcaster;
use crate::journey::{State, Step};

const EVENT: &str = r#"{"events":[{"eventName":"ObjectCreated:PostObject","eventSource":"acs:oss",
    "eventTime":"2026-11-29T00:00:01.000Z","eventVersion":"1.0",
    "oss":{"bucket":{"name":"face-image","ownerIdentity":"1"},
        "object":{"key":"photos/a.jpg","eTag":"ABC","size":5}},
    "region":"cn-shanghai","requestParameters":{"sourceIPAddress":"1.2.3.4"},
    "responseElements":{"requestId":"R1"},"userIdentity":{"principalId":"1"}}]}"#;

const REPLY: &str = r#"{"event":{"id":"R1","source":"acs.oss"},"results":[{"bucket":"face-image",
    "region":"cn-shanghai","source":{"key":"photos/a.jpg","etag":"ABC"},
    "target":{"key":"target/photos/rec-a.jpg","etag":"DEF"},"face_count":3}],"failures":[]}"#;

fn journeys() -> Journeys {
    Journeys::new(Arc::new(Broadcaster::new()), now())
}

fn settings() -> BucketConfig {
    let flags = [
        "console",
        "--bucket=face-image",
        "--region=cn-shanghai",
        "--results=target",
    ];
    let config = service::settings::parse_from::<Config>(flags, |_| None);
    config.unwrap().bucket
}

fn now() -> Timestamp {
    "2026-11-29T00:00:05Z".parse().unwrap()
}

fn send(journeys: &Journeys, ty: &str, more: &[(&'static str, &str)], body: &str) -> bool {
    let own = [
        ("ce-specversion", "1.0"),
        ("ce-id", "R1"),
        ("ce-source", "acs.oss"),
        ("ce-type", ty),
        ("ce-time", "2026-11-29T00:00:04Z"),
        ("content-type", "application/json"),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in own.iter().chain(more) {
        headers.insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let body = Bytes::from(body.to_owned());
    receive(&headers, body, &settings(), journeys, now()).is_ok()
}

#[test]
fn an_event_and_its_reply_bring_a_photo_to_its_end() {
    let journeys = journeys();
    assert!(send(&journeys, "oss:ObjectCreated:PostObject", &[], EVENT));
    let (journey, documents) = journeys.get("photos/a.jpg");
    let journey = journey.unwrap();
    assert_eq!(journey.state, State::Open);
    let uploaded: Timestamp = "2026-11-29T00:00:01Z".parse().unwrap();
    assert_eq!(journey.steps[&Step::Uploaded], uploaded);
    assert_eq!(journey.steps[&Step::Delivered], now());
    assert!(
        documents
            .event
            .unwrap()
            .contains("ObjectCreated:PostObject")
    );

    assert!(send(&journeys, REPLY_TYPE, &[], REPLY));
    let (journey, documents) = journeys.get("photos/a.jpg");
    let journey = journey.unwrap();
    assert_eq!((journey.state, journey.faces), (State::Stored, Some(3)));
    let stored: Timestamp = "2026-11-29T00:00:04Z".parse().unwrap();
    assert_eq!(journey.steps[&Step::Stored], stored);
    assert!(!journey.steps.contains_key(&Step::Analysed), "not told");
    let reply: Value = serde_json::from_str(&documents.reply.unwrap()).unwrap();
    assert_eq!(reply["data"]["results"][0]["face_count"], 3);

    let steps = r#""face_count":3,"steps":{"analysed":"2026-11-29T00:00:02Z",
        "drawn":"2026-11-29T00:00:03Z","stored":"2026-11-29T00:00:03.5Z"}"#;
    let with_steps = REPLY.replace(r#""face_count":3"#, steps);
    assert!(send(&journeys, REPLY_TYPE, &[], &with_steps));
    let steps = journeys.get("photos/a.jpg").0.unwrap().steps;
    let analysed: Timestamp = "2026-11-29T00:00:02Z".parse().unwrap();
    assert_eq!((steps.len(), steps[&Step::Analysed]), (6, analysed));
}

#[test]
fn a_dead_letter_says_why() {
    let journeys = journeys();
    // `415: no photo`, as Knative writes the body of an answer.
    let more = [
        ("ce-knativeerrorcode", "415"),
        ("ce-knativeerrordata", "NDE1OiBubyBwaG90bw=="),
    ];
    assert!(send(
        &journeys,
        "oss:ObjectCreated:PostObject",
        &more,
        EVENT
    ));
    let journey = journeys.get("photos/a.jpg").0.unwrap();
    assert_eq!(journey.state, State::Refused);
    let refusal = journey.refusal.unwrap();
    assert_eq!((&*refusal.code, &*refusal.reason), ("415", "415: no photo"));
}

#[test]
fn a_reply_about_the_only_photo_of_an_event_may_be_a_failure() {
    let journeys = journeys();
    assert!(send(&journeys, "oss:ObjectCreated:PostObject", &[], EVENT));
    let failed = r#"{"event":{"id":"R1","source":"s"},"results":[],
        "failures":[{"index":0,"reason":"format","message":"not a photo"}]}"#;
    assert!(send(&journeys, REPLY_TYPE, &[], failed));
    let journey = journeys.get("photos/a.jpg").0.unwrap();
    assert_eq!(journey.refusal.unwrap().reason, "not a photo");
}

#[test]
fn what_is_not_about_our_photos_changes_nothing() {
    let journeys = journeys();
    for (name, ty, body) in [
        (
            "another bucket",
            "oss:x",
            EVENT.replace("face-image", "other"),
        ),
        (
            "a read",
            "oss:x",
            EVENT.replace("ObjectCreated:PostObject", "ObjectDownloaded:GetObject"),
        ),
        (
            "a result",
            "oss:x",
            EVENT.replace("photos/a.jpg", "target/photos/rec-a.jpg"),
        ),
        ("no OSS event", "other", "{}".to_owned()),
        (
            "a reply for another bucket",
            REPLY_TYPE,
            REPLY.replace("face-image", "other"),
        ),
        ("a reply that is none", REPLY_TYPE, "[]".to_owned()),
    ] {
        assert!(send(&journeys, ty, &[], &body), "{name}");
    }
    assert!(journeys.recent(9).is_empty());
    let no_event = receive(
        &HeaderMap::new(),
        Bytes::new(),
        &settings(),
        &journeys,
        now(),
    );
    assert!(no_event.is_err());
}
