use super::*;

fn name(text: &str) -> Name {
    Name::parse(Kind::Queue, text).unwrap()
}

fn subscription(endpoint: &str, tag: Option<&str>, format: ContentFormat) -> Subscription {
    Subscription {
        endpoint: Endpoint::parse(endpoint, "cn-shanghai", "1234567890123456").unwrap(),
        filter_tag: tag.map(str::to_owned),
        strategy: NotifyStrategy::default(),
        format,
        created: Millis(0),
        modified: Millis(0),
    }
}

fn queue(name: &str) -> String {
    format!("acs:mns:cn-shanghai:1234567890123456:queues/{name}")
}

fn deliveries(
    subscriptions: Vec<(&str, Subscription)>,
    tag: Option<&str>,
) -> Vec<(String, String)> {
    let mut topic = Topic::new(
        ResourceId(0x5F29_0C92_6D47_2878),
        TopicAttributes::default(),
        Millis(0),
    );
    topic.subscriptions = subscriptions
        .into_iter()
        .map(|(key, subscription)| (name(key), subscription))
        .collect();
    let id = topic.next_id(Millis(1_714_979_289_000));
    let body = Body::new("a<b> \"c\"");
    let account = "1234567890123456";
    let publication = Publication {
        topic: &name("face-topic"),
        account,
        id,
        body: &body,
        tag,
    };
    let delivered = topic.deliveries(publication).into_iter();
    delivered
        .map(|(queue, body)| (queue.to_string(), body.text().to_owned()))
        .collect()
}

#[test]
fn simplified_is_the_body_and_nothing_else() {
    let only = subscription(&queue("q"), None, ContentFormat::Simplified);
    assert_eq!(
        deliveries(vec![("s", only)], None),
        [("q".to_owned(), "a<b> \"c\"".to_owned())]
    );
}

#[test]
fn json_holds_the_body_as_a_string() {
    let only = subscription(&queue("q"), None, ContentFormat::Json);
    let text = deliveries(vec![("face-sub", only)], Some("important"))
        .remove(0)
        .1;
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["Message"], "a<b> \"c\"");
    insta::assert_snapshot!(text.replace(",\"", ",\n\""), @r#"
    {"TopicOwner":"1234567890123456",
    "TopicName":"face-topic",
    "Subscriber":"1234567890123456",
    "SubscriptionName":"face-sub",
    "MessageId":"5F290C926D472878-1-18F4CBB37A8-000000001",
    "Message":"a<b> \"c\"",
    "MessageMD5":"700A0D251A17D65C41E344A7F27328E5",
    "MessageTag":"important",
    "PublishTime":"1714979289000"}
    "#);
}

#[test]
fn xml_escapes_the_body_and_leaves_out_a_missing_tag() {
    let only = subscription(&queue("q"), None, ContentFormat::Xml);
    let text = deliveries(vec![("face-sub", only)], None).remove(0).1;
    insta::assert_snapshot!(text.replace("><", ">\n<"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Notification xmlns="http://mns.aliyuncs.com/doc/v1/">
    <TopicOwner>1234567890123456</TopicOwner>
    <TopicName>face-topic</TopicName>
    <Subscriber>1234567890123456</Subscriber>
    <SubscriptionName>face-sub</SubscriptionName>
    <MessageId>5F290C926D472878-1-18F4CBB37A8-000000001</MessageId>
    <Message>a&lt;b&gt; "c"</Message>
    <MessageMD5>700A0D251A17D65C41E344A7F27328E5</MessageMD5>
    <PublishTime>1714979289000</PublishTime>
    </Notification>
    "#);
}

#[test]
fn a_filter_lets_through_its_own_tag_only() {
    let all = || {
        ["all", "red", "blue"].map(|key| {
            let tag = Some(key).filter(|key| *key != "all");
            (
                key,
                subscription(&queue(key), tag, ContentFormat::Simplified),
            )
        })
    };
    for (tag, expected) in [
        (None, vec!["all"]),
        (Some("red"), vec!["all", "red"]),
        (Some("blue"), vec!["all", "blue"]),
        (Some("green"), vec!["all"]),
    ] {
        let queues = deliveries(all().to_vec(), tag)
            .into_iter()
            .map(|(queue, _)| queue);
        assert_eq!(queues.collect::<Vec<_>>(), expected, "{tag:?}");
    }
}

#[test]
fn only_queues_are_delivered_to() {
    let http = subscription("http://example.com/push", None, ContentFormat::Simplified);
    assert!(deliveries(vec![("s", http)], None).is_empty());
}

#[test]
fn endpoints_of_other_regions_accounts_and_kinds_are_refused() {
    let good = [
        "http://a",
        "https://a/b",
        "mail:directmail:a@b",
        "sms:directsms:anonymous",
        &queue("q"),
    ];
    for text in good {
        assert!(
            Endpoint::parse(text, "cn-shanghai", "1234567890123456").is_ok(),
            "{text}"
        );
    }
    for text in [
        "",
        "http://",
        "q",
        "acs:mns:cn-beijing:1234567890123456:queues/q",
        "acs:mns:cn-shanghai:1:queues/q",
        "acs:mns:cn-shanghai:1234567890123456:queues/",
        "acs:mns:cn-shanghai:1234567890123456:queues/a/b",
        "acs:mns:cn-shanghai:1234567890123456:topics/q",
    ] {
        let refused = Endpoint::parse(text, "cn-shanghai", "1234567890123456");
        assert_eq!(
            refused.map_err(|it| it.code),
            Err(Code::EndpointInvalid),
            "{text}"
        );
    }
}
