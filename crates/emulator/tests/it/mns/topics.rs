use crate::mns::caller::Caller;
use crate::running::{ACCOUNT, REGION, Running};

fn endpoint(queue: &str) -> String {
    format!("acs:mns:{REGION}:{ACCOUNT}:queues/{queue}")
}

fn subscription(queue: &str, more: &str) -> String {
    format!(
        "<Subscription><Endpoint>{}</Endpoint>{more}</Subscription>",
        endpoint(queue)
    )
}

#[tokio::test]
async fn a_topic_is_made_once() {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    let small = "<Topic><MaximumMessageSize>1024</MaximumMessageSize></Topic>";
    for (name, line, body, expected) in [
        ("new", "PUT /topics/t", "<Topic/>", "201"),
        ("identical", "PUT /topics/t", "", "204"),
        ("different", "PUT /topics/t", small, "409 TopicAlreadyExist"),
        ("changed", "PUT /topics/t?metaoverride=true", small, "204"),
        (
            "missing",
            "PUT /topics/u?metaoverride=true",
            small,
            "404 TopicNotExist",
        ),
        ("bad name", "PUT /topics/a_b", "", "400 TopicNameInvalid"),
        (
            "publish too much",
            "POST /topics/t/messages",
            "<Message/>",
            "400 InvalidArgument",
        ),
        (
            "publish to nothing",
            "POST /topics/u/messages",
            "<Message/>",
            "404 TopicNotExist",
        ),
    ] {
        assert_eq!(mns.call(line, body).await.outcome(), expected, "{name}");
    }
    insta::assert_snapshot!(mns.call("GET /topics/t", "").await.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Topic xmlns="http://mns.aliyuncs.com/doc/v1/">
    <TopicName>t</TopicName>
    <CreateTime>...</CreateTime>
    <LastModifyTime>...</LastModifyTime>
    <MaximumMessageSize>1024</MaximumMessageSize>
    <MessageRetentionPeriod>86400</MessageRetentionPeriod>
    <MessageCount>0</MessageCount>
    <LoggingEnabled>False</LoggingEnabled>
    </Topic>
    "#);
    assert_eq!(mns.call("GET /topics", "").await.texts("TopicURL").len(), 1);
    assert_eq!(mns.call("DELETE /topics/t", "").await.outcome(), "204");
    assert_eq!(
        mns.call("GET /topics/t", "").await.outcome(),
        "404 TopicNotExist"
    );
}

async fn scene() -> (Running, Caller) {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    assert_eq!(mns.call("PUT /topics/t", "").await.status, 201);
    mns.create_queue("q", "").await;
    (running, mns)
}

#[tokio::test]
async fn a_subscription_is_made_once() {
    let (running, mns) = scene().await;
    let decay = "<NotifyStrategy>EXPONENTIAL_DECAY_RETRY</NotifyStrategy>";
    let conflict = "409 SubscriptionAlreadyExist";
    let put = "PUT /topics/t/subscriptions/s";
    let change = "PUT /topics/t/subscriptions/s?metaoverride=true";
    let changed = format!("<Subscription>{decay}</Subscription>");
    for (name, line, body, expected) in [
        (
            "missing",
            change,
            changed.clone(),
            "404 SubscriptionNotExist",
        ),
        ("new", put, subscription("q", ""), "201"),
        ("identical", put, subscription("q", ""), "204"),
        ("other queue", put, subscription("p", ""), conflict),
        ("other strategy", put, subscription("q", decay), conflict),
        ("changed", change, changed, "204"),
        (
            "identical to the change",
            put,
            subscription("q", decay),
            "204",
        ),
    ] {
        assert_eq!(mns.call(line, &body).await.outcome(), expected, "{name}");
    }
    let read = "GET /topics/t/subscriptions/s";
    insta::assert_snapshot!(mns.call(read, "").await.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Subscription xmlns="http://mns.aliyuncs.com/doc/v1/">
    <SubscriptionName>s</SubscriptionName>
    <Subscriber>1234567890123456</Subscriber>
    <TopicOwner>1234567890123456</TopicOwner>
    <TopicName>t</TopicName>
    <Endpoint>acs:mns:cn-shanghai:1234567890123456:queues/q</Endpoint>
    <NotifyStrategy>EXPONENTIAL_DECAY_RETRY</NotifyStrategy>
    <NotifyContentFormat>XML</NotifyContentFormat>
    <FilterTag>
    </FilterTag>
    <CreateTime>...</CreateTime>
    <LastModifyTime>...</LastModifyTime>
    </Subscription>
    "#);
    let list = mns.call("GET /topics/t/subscriptions", "").await;
    let url = format!("http://{}/topics/t/subscriptions/s", running.addresses.mns);
    assert_eq!(list.texts("SubscriptionURL"), [url]);
    for _ in 0..2 {
        let answer = mns.call("DELETE /topics/t/subscriptions/s", "").await;
        assert_eq!(answer.outcome(), "204");
    }
    assert_eq!(
        mns.call(read, "").await.outcome(),
        "404 SubscriptionNotExist"
    );
}

#[tokio::test]
async fn subscriptions_that_make_no_sense_are_told_apart() {
    let (_running, mns) = scene().await;
    mns.create_queue("small", "<MaximumMessageSize>1024</MaximumMessageSize>")
        .await;
    let strange = "<NotifyContentFormat>YAML</NotifyContentFormat>";
    let long_tag = "<FilterTag>12345678901234567</FilterTag>";
    for (path, body, expected) in [
        (
            "t/subscriptions/s",
            subscription("q", strange),
            "400 InvalidArgument",
        ),
        (
            "t/subscriptions/s",
            subscription("q", long_tag),
            "400 InvalidArgument",
        ),
        (
            "t/subscriptions/s",
            subscription("small", ""),
            "400 InvalidArgument",
        ),
        (
            "t/subscriptions/s",
            "<Subscription/>".to_owned(),
            "400 EndpointInvalid",
        ),
        (
            "t/subscriptions/a_b",
            subscription("q", ""),
            "400 SubscriptionNameInvalid",
        ),
        (
            "u/subscriptions/s",
            subscription("q", ""),
            "404 TopicNotExist",
        ),
    ] {
        let answer = mns.call(&format!("PUT /topics/{path}"), &body).await;
        assert_eq!(answer.outcome(), expected, "{path} {body}");
    }
}

#[tokio::test]
async fn what_is_published_reaches_the_queues_that_want_it() {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    mns.call("PUT /topics/t", "").await;
    let simplified = "<NotifyContentFormat>SIMPLIFIED</NotifyContentFormat>";
    let red = format!("{simplified}<FilterTag>red</FilterTag>");
    for (queue, more) in [("all", simplified), ("red", red.as_str()), ("xml", "")] {
        mns.create_queue(queue, "").await;
        let line = format!("PUT /topics/t/subscriptions/{queue}");
        assert_eq!(
            mns.call(&line, &subscription(queue, more)).await.status,
            201
        );
    }
    let dropped = subscription("no-such-queue", "");
    assert_eq!(
        mns.call("PUT /topics/t/subscriptions/dropped", &dropped)
            .await
            .status,
        201
    );
    let mut published = Vec::new();
    for tag in ["", "<MessageTag>red</MessageTag>"] {
        let body = format!("<Message><MessageBody>&lt;a&gt;</MessageBody>{tag}</Message>");
        let answer = mns.call("POST /topics/t/messages", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.texts("MessageBodyMD5").len(), 1);
        published.push(answer.text("MessageId").to_owned());
    }
    for (queue, expected) in [("all", 2), ("red", 1), ("xml", 2)] {
        let line = format!("GET /queues/{queue}/messages?numOfMessages=16");
        let received = mns.call(&line, "").await;
        assert_eq!(received.texts("MessageBody").len(), expected, "{queue}");
        if queue == "xml" {
            assert!(
                received
                    .body
                    .contains("&lt;Message&gt;&amp;lt;a&amp;gt;&lt;/Message&gt;"),
                "{}",
                received.body
            );
            assert!(published.iter().all(|id| received.body.contains(id)));
        } else {
            assert!(
                received
                    .texts("MessageBody")
                    .iter()
                    .all(|body| *body == "&lt;a&gt;")
            );
        }
    }
}
