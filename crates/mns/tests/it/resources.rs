//! Calls about queues, topics and subscriptions.

use std::time::Duration;

use mns::{
    Created, ListRequest, Marker, MaximumMessageSize, MessageTag, NotifyContentFormat,
    NotifyStrategy, PageSize, PollingWait, QueueAttributes, Retention, Subscription,
    SubscriptionName, TopicAttributes, VisibilityTimeout,
};

use crate::server::Server;

fn attributes() -> QueueAttributes {
    QueueAttributes {
        visibility_timeout: Some(VisibilityTimeout::try_new(Duration::from_mins(1)).unwrap()),
        maximum_message_size: Some(MaximumMessageSize::MAX),
        message_retention: Some(Retention::MAX),
        delay: Some(mns::Delay::MIN),
        polling_wait: Some(PollingWait::MAX),
        logging_enabled: Some(true),
    }
}

fn subscription_name() -> SubscriptionName {
    "face-sub".parse().unwrap()
}

#[tokio::test]
async fn queue_is_created_changed_and_deleted() {
    let server = Server::answering(204, "").await;
    let queue = server.queue();
    assert_eq!(
        queue.create(&attributes()).await.unwrap(),
        Created::Unchanged
    );
    let change = QueueAttributes {
        polling_wait: Some(PollingWait::MIN),
        ..QueueAttributes::default()
    };
    queue.set_attributes(&change).await.unwrap();
    queue.delete().await.unwrap();
    insta::assert_snapshot!(server.seen().await, @r#"
    PUT /queues/photos
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Queue xmlns="http://mns.aliyuncs.com/doc/v1/"><VisibilityTimeout>60</VisibilityTimeout><MaximumMessageSize>65536</MaximumMessageSize><MessageRetentionPeriod>604800</MessageRetentionPeriod><DelaySeconds>0</DelaySeconds><PollingWaitSeconds>30</PollingWaitSeconds><LoggingEnabled>True</LoggingEnabled></Queue>

    PUT /queues/photos?metaoverride=true
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Queue xmlns="http://mns.aliyuncs.com/doc/v1/"><PollingWaitSeconds>0</PollingWaitSeconds></Queue>

    DELETE /queues/photos
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn status_tells_new_from_unchanged() {
    let server = Server::answering(201, "").await;
    assert_eq!(
        server
            .queue()
            .create(&QueueAttributes::default())
            .await
            .unwrap(),
        Created::New
    );
    assert_eq!(
        server
            .topic()
            .create(&TopicAttributes::default())
            .await
            .unwrap(),
        Created::New
    );
    insta::assert_snapshot!(server.seen().await, @r#"
    PUT /queues/photos
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Queue xmlns="http://mns.aliyuncs.com/doc/v1/"></Queue>

    PUT /topics/uploads
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Topic xmlns="http://mns.aliyuncs.com/doc/v1/"></Topic>
    "#);
}

#[tokio::test]
async fn queue_tells_its_attributes() {
    let server = Server::answering(200, "xml/mns-queue-attributes.xml").await;
    let status = server.queue().attributes().await.unwrap();
    assert_eq!(status.active_messages, Some(3));
    insta::assert_snapshot!(server.seen().await, @r#"
    GET /queues/photos
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn deleting_what_is_absent_succeeds() {
    for code in [
        "QueueNotExist",
        "TopicNotExist",
        "SubscriptionNotExist",
        "SubscriberNotExist",
    ] {
        let server = Server::saying(404, format!("<Error><Code>{code}</Code></Error>")).await;
        server.queue().delete().await.unwrap();
        server.topic().delete().await.unwrap();
        server
            .topic()
            .unsubscribe(&subscription_name())
            .await
            .unwrap();
        assert!(
            server
                .queue()
                .attributes()
                .await
                .unwrap_err()
                .is_not_found(),
            "{code}"
        );
    }
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let server = Server::answering(200, "xml/mns-list-queue.xml").await;
    let first = server
        .client()
        .list_queues(&ListRequest::default())
        .await
        .unwrap();
    let names: Vec<_> = first.items.iter().map(mns::QueueName::as_str).collect();
    assert_eq!(names, ["face-events", "face-results"]);
    let next = ListRequest {
        prefix: Some("face-".into()),
        marker: first.next,
        page_size: Some(PageSize::try_new(2).unwrap()),
    };
    let page = server
        .client()
        .list_queues_with_status(&next)
        .await
        .unwrap();
    assert_eq!(page.items[1].name, "face-results");
    insta::assert_snapshot!(server.seen().await, @r#"
    GET /queues
    x-mns-version: 2015-06-06

    GET /queues
    x-mns-marker: MTcxNDk3OTI4OQ==
    x-mns-prefix: face-
    x-mns-ret-number: 2
    x-mns-version: 2015-06-06
    x-mns-with-meta: true
    "#);
}

#[tokio::test]
async fn last_page_names_no_next() {
    let server = Server::answering(200, "xml/mns-list-topic.xml").await;
    let page = server
        .client()
        .list_topics(&ListRequest::default())
        .await
        .unwrap();
    assert_eq!((page.items[0].as_str(), page.next), ("face-topic", None));
    let server = Server::answering(200, "xml/mns-list-subscription.xml").await;
    let page = server
        .topic()
        .list_subscriptions(&ListRequest::default())
        .await
        .unwrap();
    assert_eq!((page.items[0].as_str(), page.next), ("face-sub", None));
    insta::assert_snapshot!(server.seen().await, @r#"
    GET /topics/uploads/subscriptions
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn list_header_cannot_be_smuggled_in() {
    let server = Server::answering(200, "xml/mns-list-topic.xml").await;
    for text in ["a\r\nx-mns-version: 1", "\0", "\u{7F}"] {
        let by_prefix = ListRequest {
            prefix: Some(text.into()),
            ..ListRequest::default()
        };
        let by_marker = ListRequest {
            marker: Some(Marker::new(text)),
            ..ListRequest::default()
        };
        for request in [by_prefix, by_marker] {
            let error = server.client().list_topics(&request).await.unwrap_err();
            assert!(
                matches!(error, mns::Error::Unwritable { .. }),
                "{text:?}: {error:?}"
            );
        }
    }
    assert!(server.requests().await.is_empty());
}

#[tokio::test]
async fn topic_is_created_changed_and_deleted() {
    let server = Server::answering(204, "").await;
    let topic = server.topic();
    let attributes = TopicAttributes {
        maximum_message_size: Some(MaximumMessageSize::MIN),
        logging_enabled: Some(false),
    };
    assert_eq!(topic.create(&attributes).await.unwrap(), Created::Unchanged);
    topic
        .set_attributes(&TopicAttributes {
            logging_enabled: None,
            ..attributes
        })
        .await
        .unwrap();
    topic.delete().await.unwrap();
    insta::assert_snapshot!(server.seen().await, @r#"
    PUT /topics/uploads
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Topic xmlns="http://mns.aliyuncs.com/doc/v1/"><MaximumMessageSize>1024</MaximumMessageSize><LoggingEnabled>False</LoggingEnabled></Topic>

    PUT /topics/uploads?metaoverride=true
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Topic xmlns="http://mns.aliyuncs.com/doc/v1/"><MaximumMessageSize>1024</MaximumMessageSize></Topic>

    DELETE /topics/uploads
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn subscription_is_made_changed_and_ended() {
    let server = Server::answering(204, "").await;
    let (topic, name) = (server.topic(), subscription_name());
    let plain = Subscription::new("acs:mns:cn-shanghai:1234567890123456:queues/photos");
    assert_eq!(
        topic.subscribe(&name, &plain).await.unwrap(),
        Created::Unchanged
    );
    let full = Subscription {
        filter_tag: Some(MessageTag::try_new("a<b").unwrap()),
        notify_strategy: Some(NotifyStrategy::ExponentialDecayRetry),
        notify_content_format: Some(NotifyContentFormat::Simplified),
        ..Subscription::new("http://example.com/?a=b&c=d")
    };
    topic.subscribe(&name, &full).await.unwrap();
    topic
        .set_subscription_attributes(&name, NotifyStrategy::BackoffRetry)
        .await
        .unwrap();
    topic.unsubscribe(&name).await.unwrap();
    insta::assert_snapshot!(server.seen().await, @r#"
    PUT /topics/uploads/subscriptions/face-sub
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Subscription xmlns="http://mns.aliyuncs.com/doc/v1/"><Endpoint>acs:mns:cn-shanghai:1234567890123456:queues/photos</Endpoint></Subscription>

    PUT /topics/uploads/subscriptions/face-sub
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Subscription xmlns="http://mns.aliyuncs.com/doc/v1/"><Endpoint>http://example.com/?a=b&amp;c=d</Endpoint><FilterTag>a&lt;b</FilterTag><NotifyStrategy>EXPONENTIAL_DECAY_RETRY</NotifyStrategy><NotifyContentFormat>SIMPLIFIED</NotifyContentFormat></Subscription>

    PUT /topics/uploads/subscriptions/face-sub?metaoverride=true
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Subscription xmlns="http://mns.aliyuncs.com/doc/v1/"><NotifyStrategy>BACKOFF_RETRY</NotifyStrategy></Subscription>

    DELETE /topics/uploads/subscriptions/face-sub
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn topic_and_subscription_tell_their_attributes() {
    let server = Server::answering(200, "xml/mns-topic-attributes.xml").await;
    assert_eq!(
        server.topic().attributes().await.unwrap().message_count,
        Some(0)
    );
    let server = Server::answering(200, "xml/mns-subscription-attributes.xml").await;
    let status = server
        .topic()
        .subscription_attributes(&subscription_name())
        .await
        .unwrap();
    assert_eq!(
        status.notify_content_format,
        Some(NotifyContentFormat::Simplified)
    );
    insta::assert_snapshot!(server.seen().await, @r#"
    GET /topics/uploads/subscriptions/face-sub
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn publish_carries_body_and_tag() {
    let server = Server::answering(201, "xml/mns-publish-message.xml").await;
    let sent = server.topic().publish("a & b", None).await.unwrap();
    assert_eq!(sent.id, "5F290C926D472878-2-14D9529A8FA-200000001");
    let tag = MessageTag::try_new("important").unwrap();
    server.topic().publish("second", Some(&tag)).await.unwrap();
    insta::assert_snapshot!(server.seen().await, @r#"
    POST /topics/uploads/messages
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageBody>a &amp; b</MessageBody></Message>

    POST /topics/uploads/messages
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageBody>second</MessageBody><MessageTag>important</MessageTag></Message>
    "#);
}
