//! Envelopes of topics, and what only looks like one.

use mns::notification::{parse, unwrap};

use crate::server::sample;

#[test]
fn both_envelopes_hold_the_same() {
    let json = sample("json/mns-notification-body.json");
    let xml = sample("xml/mns-notification-body.xml");
    let notification = parse(json.as_bytes()).unwrap();
    assert_eq!(parse(xml.as_bytes()).unwrap(), notification);
    assert!(notification.message.starts_with("eyJldmVudHMi"));
    assert_eq!(notification.topic_name.as_deref(), Some("face-topic"));
    assert_eq!(notification.subscription_name.as_deref(), Some("face-sub"));
    assert_eq!(notification.message_tag.as_deref(), Some("important"));
    assert_eq!(
        notification.message_id.as_deref(),
        Some("5F290C926D472878-2-14D9529A8FA-200000001")
    );
}

#[test]
fn envelopes_are_opened_in_spite_of_their_faults() {
    let cases = [
        (
            "JSON with blanks and a mark",
            "\u{FEFF}\n {\"TopicName\":\"t\",\"Message\":\"a\\u0026b\"} ",
        ),
        (
            "JSON with a number as time",
            r#"{"TopicOwner":1,"Message":"a&b","PublishTime":1714979289000}"#,
        ),
        (
            "JSON without a tag",
            r#"{"SubscriptionName":"s","Message":"a&b","MessageTag":null}"#,
        ),
        (
            "XML as published",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Notification xlmns=\"http://mns.aliyuncs.com/doc/v1/\">\
             <Message>a&amp;b</Message><PublishTime>1</MessagePublishTime></Notification>",
        ),
        (
            "XML with a bare ampersand",
            "<Notification><Message>a&b</Message></Notification>",
        ),
        (
            "XML with CDATA",
            "<Notification><Message><![CDATA[a&b]]></Message></Notification>",
        ),
        (
            "XML cut off after the message",
            "<Notification><Message>a&amp;b</Message><Publ",
        ),
        (
            "XML with a prefix",
            "<n:Notification xmlns:n='x'><n:Message>a&amp;b</n:Message></n:Notification>",
        ),
    ];
    for (name, body) in cases {
        assert_eq!(unwrap(body.as_bytes()).as_deref(), Some("a&b"), "{name}");
    }
}

#[test]
fn anything_else_is_no_envelope() {
    let cases = [
        ("nothing", ""),
        ("blanks", " \n"),
        (
            "an OSS event",
            r#"{"events":[{"eventName":"ObjectCreated:PutObject"}]}"#,
        ),
        ("an object with a message", r#"{"Message":"hello"}"#),
        (
            "a message that is no text",
            r#"{"TopicName":"t","Message":{}}"#,
        ),
        ("a JSON array", r#"[{"TopicName":"t","Message":"m"}]"#),
        ("cut off JSON", r#"{"TopicName":"t","Message":"m""#),
        ("base64", "eyJldmVudHMiOltdfQ=="),
        ("other XML", "<Message>m</Message>"),
        (
            "XML without a message",
            "<Notification><TopicName>t</TopicName></Notification>",
        ),
        ("XML cut off in the message", "<Notification><Message>m"),
        (
            "a document type",
            "<!DOCTYPE a><Notification><Message>m</Message></Notification>",
        ),
    ];
    for (name, body) in cases {
        assert_eq!(unwrap(body.as_bytes()), None, "{name}");
    }
    assert_eq!(unwrap(b"\xFF\xFE"), None);
    assert_eq!(
        unwrap(b"<Notification><Message>\xFF</Message></Notification>"),
        None
    );
}
