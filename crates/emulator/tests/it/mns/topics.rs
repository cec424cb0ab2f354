use crate::mns::caller::{self, Caller};
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
    for (line, body, expected) in [
        ("PUT /topics/t", "<Topic/>", "201"),
        ("PUT /topics/t", "", "204"),
        ("PUT /topics/t", small, "409 TopicAlreadyExist"),
        ("PUT /topics/t?metaoverride=true", small, "204"),
        (
            "PUT /topics/u?metaoverride=true",
            small,
            "404 TopicNotExist",
        ),
        ("PUT /topics/a_b", "", "400 TopicNameInvalid"),
        (
            "POST /topics/t/messages",
            "<Message/>",
            "400 InvalidArgument",
        ),
        ("POST /topics/u/messages", "<Message/>", "404 TopicNotExist"),
    ] {
        mns.expect(line, body, expected).await;
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
    mns.expect("DELETE /topics/t", "", "204").await;
    mns.expect("GET /topics/t", "", "404 TopicNotExist").await;
}

async fn scene() -> (Running, Caller) {
    let (running, mns) = caller::scene().await;
    mns.expect("PUT /topics/t", "", "201").await;
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
    for (line, body, expected) in [
        (change, changed.clone(), "404 SubscriptionNotExist"),
        (put, subscription("q", ""), "201"),
        (put, subscription("q", ""), "204"),
        (put, subscription("p", ""), conflict),
        (put, subscription("q", decay), conflict),
        (change, changed, "204"),
        (put, subscription("q", decay), "204"),
    ] {
        mns.expect(line, &body, expected).await;
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
    mns.expect(read, "", "404 SubscriptionNotExist").await;
}

#[tokio::test]
async fn subscriptions_that_make_no_sense_are_told_apart() {
    let (_running, mns) = scene().await;
    mns.create_queue("small", "<MaximumMessageSize>1024</MaximumMessageSize>")
        .await;
    let strange = "<NotifyContentFormat>YAML</NotifyContentFormat>";
    let long_tag = "<FilterTag>12345678901234567</FilterTag>";
    let own = "t/subscriptions/s";
    for (path, body, expected) in [
        (own, subscription("q", strange), "400 InvalidArgument"),
        (own, subscription("q", long_tag), "400 InvalidArgument"),
        (own, subscription("small", ""), "400 InvalidArgument"),
        (own, "<Subscription/>".into(), "400 EndpointInvalid"),
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
        mns.expect(&format!("PUT /topics/{path}"), &body, expected)
            .await;
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
        assert_eq!(answer.status, 201, "{}", answer.document());
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
                    .document()
                    .contains("&lt;Message&gt;&amp;lt;a&amp;gt;&lt;/Message&gt;"),
                "{}",
                received.document()
            );
            assert!(published.iter().all(|id| received.document().contains(id)));
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
