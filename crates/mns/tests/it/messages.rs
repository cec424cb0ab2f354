//! Calls that move messages.

use std::time::Duration;

use mns::{
    BatchSize, BodyIntegrity, Delay, Error, PollingWait, Priority, ReceiptHandle, RefusalKind,
    SendMessage, VisibilityTimeout,
};
use signing::Credentials;
use transport::{Disposition, TransportError};
use wiremock::ResponseTemplate;

use crate::server::{Server, verify};

const EMPTY: &str =
    "<Error><Code>MessageNotExist</Code><Message>Message not exist.</Message></Error>";

fn wait(seconds: u64) -> PollingWait {
    PollingWait::try_new(Duration::from_secs(seconds)).unwrap()
}

fn handles() -> Vec<ReceiptHandle> {
    [
        "8-0zBz+q/2aXfF0Pb1C+SgR/Jk==-x",
        "1-ODU4OTkzNDU5My0xNzE0OTc5MzE5LTItOA==",
    ]
    .map(ReceiptHandle::new)
    .into()
}

#[tokio::test]
async fn message_is_sent_with_its_options() {
    let server = Server::answering(201, "xml/mns-send-message-delayed.xml").await;
    let message = SendMessage {
        body: "<人脸> & \"quotes\"\r]]>".into(),
        delay: Some(Delay::try_new(Duration::from_mins(1)).unwrap()),
        priority: Some(Priority::try_new(1).unwrap()),
    };
    let sent = server.queue().send(&message).await.unwrap();
    assert!(sent.receipt_handle.is_some());
    assert!(
        !sent.body_md5.unwrap().is_of(message.body.as_bytes()),
        "the sample is about another body"
    );
    server.queue().send(&SendMessage::new("")).await.unwrap();
    insta::assert_snapshot!(server.seen().await, @r#"
    POST /queues/photos/messages
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageBody>&lt;人脸&gt; &amp; "quotes"&#13;]]&gt;</MessageBody><DelaySeconds>60</DelaySeconds><Priority>1</Priority></Message>

    POST /queues/photos/messages
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageBody></MessageBody></Message>
    "#);
}

#[tokio::test]
async fn body_that_xml_cannot_carry_is_not_sent() {
    let server = Server::answering(201, "xml/mns-send-message.xml").await;
    let message = SendMessage::new("escape: \u{1B}");
    let error = server.queue().send(&message).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Permanent);
    insta::assert_snapshot!(
        format!("{error}: {}", std::error::Error::source(&error).unwrap()),
        @"`SendMessage` of `queues/photos/messages` cannot be put into a request: the text holds U+001B at byte 8, which XML cannot carry"
    );
    assert!(
        server
            .queue()
            .send_batch(&[SendMessage::new("good"), message])
            .await
            .is_err()
    );
    assert!(server.requests().await.is_empty());
}

#[tokio::test]
async fn batch_is_sent_in_order() {
    let server = Server::answering(201, "xml/mns-batch-send-message.xml").await;
    let batch = [
        SendMessage::new("one"),
        SendMessage {
            priority: Some(Priority::MAX),
            ..SendMessage::new("two")
        },
    ];
    let items = server.queue().send_batch(&batch).await.unwrap();
    assert!(items.iter().all(Result::is_ok));
    insta::assert_snapshot!(server.seen().await, @r#"
    POST /queues/photos/messages
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <Messages xmlns="http://mns.aliyuncs.com/doc/v1/"><Message><MessageBody>one</MessageBody></Message><Message><MessageBody>two</MessageBody><Priority>16</Priority></Message></Messages>
    "#);
}

#[tokio::test]
async fn failed_items_are_told_whatever_the_status() {
    for status in [200, 201, 400, 404, 500] {
        let server = Server::answering(status, "xml/mns-batch-send-partial-failure.xml").await;
        let batch = [SendMessage::new("one"), SendMessage::new("two")];
        let items = server.queue().send_batch(&batch).await.unwrap();
        assert_eq!(
            items[0].as_ref().unwrap_err().code(),
            "MalformedXML",
            "{status}"
        );
        assert!(items[1].is_ok(), "{status}");

        let server = Server::answering(status, "xml/mns-batch-delete-partial-failure.xml").await;
        let outcome = server.queue().delete_batch(&handles()).await.unwrap();
        let [(handle, error)] = &outcome.failed[..] else {
            panic!("{status}: {outcome:?}")
        };
        assert_eq!(handle, &handles()[1], "{status}");
        assert!(error.is_receipt_handle_invalid(), "{status}");
        assert_eq!(
            server.requests().await.len(),
            1,
            "{status}: what was done is not repeated"
        );
    }
}

#[tokio::test]
async fn failure_of_a_whole_batch_is_an_error() {
    let server = Server::saying(404, "<Error><Code>QueueNotExist</Code></Error>").await;
    let queue = server.queue();
    assert!(
        queue
            .send_batch(&[SendMessage::new("one")])
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        queue
            .delete_batch(&handles())
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn batch_of_a_wrong_size_is_not_sent() {
    let server = Server::answering(201, "xml/mns-batch-send-message.xml").await;
    let queue = server.queue();
    for size in [0, 17] {
        let messages = vec![SendMessage::new("x"); size];
        let handles = vec![ReceiptHandle::new("x"); size];
        assert!(
            matches!(
                queue.send_batch(&messages).await,
                Err(Error::Unwritable { .. })
            ),
            "{size}"
        );
        assert!(
            matches!(
                queue.delete_batch(&handles).await,
                Err(Error::Unwritable { .. })
            ),
            "{size}"
        );
    }
    assert!(server.requests().await.is_empty());
    let three = vec![SendMessage::new("x"); 3];
    let error = queue.send_batch(&three).await.unwrap_err();
    assert!(
        matches!(error, Error::Unreadable { .. }),
        "two results for three messages: {error:?}"
    );
}

#[tokio::test]
async fn message_is_received() {
    let server = Server::answering(200, "xml/mns-receive-message.xml").await;
    let message = server.queue().receive(wait(30)).await.unwrap().unwrap();
    assert_eq!(message.body_integrity(), BodyIntegrity::Intact);
    assert_eq!(message.dequeue_count, 1);
    assert_eq!(
        message.enqueue_time.unwrap().to_string(),
        "2024-05-06T07:08:09Z"
    );
    insta::assert_snapshot!(server.seen().await, @r#"
    GET /queues/photos/messages?waitseconds=30
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn batch_is_received() {
    let server = Server::answering(200, "xml/mns-batch-receive-message.xml").await;
    let messages = server
        .queue()
        .receive_batch(BatchSize::MAX, wait(20))
        .await
        .unwrap();
    let counts: Vec<_> = messages
        .iter()
        .map(|message| (message.dequeue_count, message.body_integrity()))
        .collect();
    assert_eq!(
        counts,
        [(1, BodyIntegrity::Intact), (2, BodyIntegrity::Intact)]
    );
    insta::assert_snapshot!(server.seen().await, @r#"
    GET /queues/photos/messages?numOfMessages=16&waitseconds=20
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn empty_queue_is_no_error() {
    let server = Server::saying(404, EMPTY).await;
    let queue = server.queue();
    assert_eq!(queue.receive(wait(0)).await.unwrap(), None);
    assert_eq!(
        queue.receive_batch(BatchSize::MAX, wait(0)).await.unwrap(),
        []
    );
    assert_eq!(queue.peek().await.unwrap(), None);
    assert_eq!(queue.peek_batch(BatchSize::MIN).await.unwrap(), []);
    insta::assert_snapshot!(server.seen().await, @r#"
    GET /queues/photos/messages?waitseconds=0
    x-mns-version: 2015-06-06

    GET /queues/photos/messages?numOfMessages=16&waitseconds=0
    x-mns-version: 2015-06-06

    GET /queues/photos/messages?peekonly=true
    x-mns-version: 2015-06-06

    GET /queues/photos/messages?peekonly=true&numOfMessages=1
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn message_is_peeked_at() {
    let server = Server::answering(200, "xml/mns-peek-message.xml").await;
    let message = server.queue().peek().await.unwrap().unwrap();
    assert_eq!(
        (message.dequeue_count, message.body_integrity()),
        (0, BodyIntegrity::Intact)
    );
}

#[tokio::test]
async fn handle_travels_encoded() {
    let server = Server::answering(200, "xml/mns-change-visibility.xml").await;
    let handle = &handles()[0];
    let timeout = VisibilityTimeout::saturating(Duration::from_millis(2500));
    let visibility = server
        .queue()
        .change_visibility(handle, timeout)
        .await
        .unwrap();
    assert_eq!(
        visibility.receipt_handle.as_str(),
        "2-ODU4OTkzNDU5My0xNzE0OTc5MzQ5LTItOA=="
    );
    assert_eq!(
        visibility.next_visible_time.unwrap().to_string(),
        "2024-05-06T07:09:09Z"
    );
    server.queue().delete_message(handle).await.unwrap();
    insta::assert_snapshot!(server.seen().await, @r#"
    PUT /queues/photos/messages?ReceiptHandle=8-0zBz%2Bq%2F2aXfF0Pb1C%2BSgR%2FJk%3D%3D-x&VisibilityTimeout=3
    x-mns-version: 2015-06-06

    DELETE /queues/photos/messages?ReceiptHandle=8-0zBz%2Bq%2F2aXfF0Pb1C%2BSgR%2FJk%3D%3D-x
    x-mns-version: 2015-06-06
    "#);
}

#[tokio::test]
async fn batch_is_deleted() {
    let server = Server::answering(204, "").await;
    let outcome = server.queue().delete_batch(&handles()).await.unwrap();
    assert!(outcome.failed.is_empty());
    insta::assert_snapshot!(server.seen().await, @r#"
    DELETE /queues/photos/messages
    content-type: text/xml;charset=UTF-8
    x-mns-version: 2015-06-06
    <ReceiptHandles xmlns="http://mns.aliyuncs.com/doc/v1/"><ReceiptHandle>8-0zBz+q/2aXfF0Pb1C+SgR/Jk==-x</ReceiptHandle><ReceiptHandle>1-ODU4OTkzNDU5My0xNzE0OTc5MzE5LTItOA==</ReceiptHandle></ReceiptHandles>
    "#);
}

#[tokio::test]
async fn lost_handle_is_recognised() {
    for code in ["MessageNotExist", "ReceiptHandleError"] {
        let server = Server::saying(404, format!("<Error><Code>{code}</Code></Error>")).await;
        let (queue, handle) = (server.queue(), &handles()[0]);
        let deleted = queue.delete_message(handle).await.unwrap_err();
        let changed = queue
            .change_visibility(handle, VisibilityTimeout::MIN)
            .await
            .unwrap_err();
        for error in [deleted, changed] {
            assert!(error.is_receipt_handle_invalid(), "{code}");
            assert_eq!(error.disposition(), Disposition::Permanent, "{code}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn long_poll_is_given_its_time() {
    let server = Server::with(ResponseTemplate::new(200).set_delay(Duration::from_hours(1))).await;
    for (seconds, expected) in [(0, 10), (30, 40)] {
        let error = server.queue().receive(wait(seconds)).await.unwrap_err();
        let Error::Unanswered {
            source: TransportError::TimedOut { after, .. },
            ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!(after.as_secs(), expected);
        assert_eq!(error.disposition(), Disposition::Retry);
    }
}

#[tokio::test]
async fn replaced_credentials_sign_the_next_call() {
    let server = Server::saying(404, EMPTY).await;
    let queue = server.queue();
    queue.receive(wait(0)).await.unwrap();
    let second = Credentials::new("LTAI-second", "another secret");
    server.live().replace(second.clone());
    queue.receive(wait(0)).await.unwrap();
    verify(&server.requests().await[1], &second);
}

#[tokio::test]
async fn call_is_repeated_only_where_it_does_no_harm() {
    let throttled = "<Error><Code>QpsLimitExceeded</Code></Error>";
    let fault = "<Error><Code>InternalError</Code></Error>";
    let cases = [
        ("throttled receive", 400, throttled, false, 3),
        ("throttled send", 400, throttled, true, 3),
        ("failed receive", 500, fault, false, 3),
        ("failed send", 500, fault, true, 1),
        ("front end down", 503, "<html>", false, 3),
        (
            "refused",
            403,
            "<Error><Code>AccessDenied</Code></Error>",
            false,
            1,
        ),
    ];
    for (name, status, body, is_send, attempts) in cases {
        let server = Server::saying(status, body).await;
        let error = if is_send {
            server
                .queue()
                .send(&SendMessage::new("x"))
                .await
                .unwrap_err()
        } else {
            server.queue().receive(wait(0)).await.unwrap_err()
        };
        assert_eq!(server.requests().await.len(), attempts, "{name}");
        assert_eq!(error.disposition().is_retryable(), status != 403, "{name}");
        assert_ne!(
            error.refusal().unwrap().kind(),
            RefusalKind::NoMessage,
            "{name}"
        );
    }
}

#[tokio::test]
async fn answer_larger_than_messages_can_be_is_refused() {
    let server = Server::saying(200, vec![b' '; 1024 * 1024]).await;
    let error = server.queue().receive(wait(0)).await.unwrap_err();
    assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
    assert_eq!(error.disposition(), Disposition::Permanent);
}

#[tokio::test]
async fn largest_batch_is_received() {
    let quotes = "&quot;".repeat(64 * 1024);
    let message = format!(
        "<Message><MessageId>1</MessageId><ReceiptHandle>2</ReceiptHandle><MessageBody>{quotes}</MessageBody></Message>"
    );
    let server = Server::saying(200, format!("<Messages>{}</Messages>", message.repeat(16))).await;
    let messages = server
        .queue()
        .receive_batch(BatchSize::MAX, wait(0))
        .await
        .unwrap();
    assert_eq!(messages.len(), 16);
    assert!(
        messages
            .iter()
            .all(|message| message.body.len() == 64 * 1024)
    );
}

#[tokio::test]
async fn answer_of_many_messages_is_cut_to_what_was_asked_for() {
    let message = "<Message><MessageId>m</MessageId><ReceiptHandle>h</ReceiptHandle></Message>";
    let answer = format!("<Messages>{}</Messages>", message.repeat(3_000));
    let server = Server::saying(200, answer).await;
    let queue = server.queue();
    for max in [1, 16] {
        let max = BatchSize::try_new(max).unwrap();
        let received = queue.receive_batch(max, wait(0)).await.unwrap();
        assert_eq!(received.len(), max.get() as usize);
        let peeked = queue.peek_batch(max).await.unwrap();
        assert_eq!(peeked.len(), max.get() as usize);
    }
}
