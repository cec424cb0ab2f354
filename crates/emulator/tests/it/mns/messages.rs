use std::time::{Duration, Instant};

use crate::mns::caller::{Caller, scene};

fn batch(bodies: &[&str]) -> String {
    let message = |body: &&str| format!("<Message><MessageBody>{body}</MessageBody></Message>");
    format!(
        "<Messages>{}</Messages>",
        bodies.iter().map(message).collect::<String>()
    )
}

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let (_running, mns) = scene().await;
    let body = "<Message xmlns=\"http://mns.aliyuncs.com/doc/v1/\"><MessageBody>a&lt;b&amp;c</MessageBody>\
        <Priority>3</Priority></Message>";
    let sent = mns.call("POST /queues/q/messages", body).await;
    insta::assert_snapshot!(sent.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Message xmlns="http://mns.aliyuncs.com/doc/v1/">
    <MessageId>...</MessageId>
    <MessageBodyMD5>D0E9C9E8090A8B98D2403DB250B16D51</MessageBodyMD5>
    </Message>
    "#);
    let received = mns.receive("q").await;
    insta::assert_snapshot!(received.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Message xmlns="http://mns.aliyuncs.com/doc/v1/">
    <MessageId>...</MessageId>
    <ReceiptHandle>...</ReceiptHandle>
    <MessageBodyMD5>D0E9C9E8090A8B98D2403DB250B16D51</MessageBodyMD5>
    <MessageBody>a&lt;b&amp;c</MessageBody>
    <EnqueueTime>...</EnqueueTime>
    <NextVisibleTime>...</NextVisibleTime>
    <FirstDequeueTime>...</FirstDequeueTime>
    <DequeueCount>1</DequeueCount>
    <Priority>3</Priority>
    </Message>
    "#);
    assert_eq!(received.text("MessageId"), sent.text("MessageId"));
    let handle = received.text("ReceiptHandle");
    assert_eq!(mns.delete("q", handle).await, "204");
    assert_eq!(mns.delete("q", handle).await, "404 MessageNotExist");
    mns.expect("GET /queues/q/messages", "", "404 MessageNotExist")
        .await;
}

#[tokio::test]
async fn a_handle_works_with_and_without_percent_encoding() {
    let (_running, mns) = scene().await;
    for encoded in [false, true] {
        mns.send("q", "a").await;
        let received = mns.receive("q").await;
        let handle = received.text("ReceiptHandle");
        assert!(handle.contains('='), "{handle}");
        let sent = if encoded {
            signing::encode::component(handle)
        } else {
            handle.to_owned()
        };
        assert_eq!(mns.delete("q", &sent).await, "204", "{sent}");
    }
}

#[tokio::test]
async fn an_empty_receive_waits_and_is_then_not_found() {
    let (_running, mns) = scene().await;
    let started = Instant::now();
    let answer = mns.call("GET /queues/q/messages?waitseconds=1", "").await;
    assert_eq!(answer.outcome(), "404 MessageNotExist");
    assert!(started.elapsed() >= Duration::from_secs(1));
    let answer = mns
        .call("GET /queues/q/messages?numOfMessages=16", "")
        .await;
    assert_eq!(answer.outcome(), "404 MessageNotExist");
}

#[tokio::test]
async fn a_waiting_receive_ends_with_the_message() {
    let (running, mns) = scene().await;
    let waiting = Caller::of(&running);
    let received = tokio::spawn(async move {
        waiting
            .call("GET /queues/q/messages?waitseconds=30&numOfMessages=16", "")
            .await
    });
    mns.send("q", "a").await;
    let received = received.await.unwrap();
    assert_eq!(received.texts("MessageBody"), ["a"]);
}

#[tokio::test]
async fn a_batch_answers_in_its_own_shape() {
    let (_running, mns) = scene().await;
    let sent = mns
        .call("POST /queues/q/messages", &batch(&["a", "b", "c"]))
        .await;
    assert_eq!(sent.status, 201);
    insta::assert_snapshot!(sent.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Messages xmlns="http://mns.aliyuncs.com/doc/v1/">
    <Message>
    <MessageId>...</MessageId>
    <MessageBodyMD5>0CC175B9C0F1B6A831C399E269772661</MessageBodyMD5>
    </Message>
    <Message>
    <MessageId>...</MessageId>
    <MessageBodyMD5>92EB5FFEE6AE2FEC3AD71C777531578F</MessageBodyMD5>
    </Message>
    <Message>
    <MessageId>...</MessageId>
    <MessageBodyMD5>4A8A08F09D37B73795649038408B5F33</MessageBodyMD5>
    </Message>
    </Messages>
    "#);
    let one = mns.call("GET /queues/q/messages?numOfMessages=1", "").await;
    assert!(one.document().contains("<Messages"), "{}", one.document());
    let rest = mns
        .call("GET /queues/q/messages?numOfMessages=16", "")
        .await;
    assert_eq!(rest.texts("MessageBody"), ["b", "c"]);
    let handles = [one.texts("ReceiptHandle"), rest.texts("ReceiptHandle")].concat();
    let handles = handles.join("</ReceiptHandle><ReceiptHandle>");
    let handles =
        format!("<ReceiptHandles><ReceiptHandle>{handles}</ReceiptHandle></ReceiptHandles>");
    mns.expect("DELETE /queues/q/messages", &handles, "204")
        .await;
    let again = mns.call("DELETE /queues/q/messages", &handles).await;
    assert_eq!(
        (again.status, again.texts("ErrorCode")),
        (404, vec!["MessageNotExist"; 3])
    );
}

#[tokio::test]
async fn a_batch_sends_what_is_good_and_names_what_is_not() {
    let (_running, mns) = scene().await;
    let body = "<Messages><Message><MessageBody>a</MessageBody></Message>\
        <Message><MessageBody>b</MessageBody><Priority>17</Priority></Message>\
        <Message><MessageBody>c</MessageBody></Message></Messages>";
    let sent = mns.call("POST /queues/q/messages", body).await;
    assert_eq!(sent.status, 400);
    insta::assert_snapshot!(sent.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Messages xmlns="http://mns.aliyuncs.com/doc/v1/">
    <Message>
    <MessageId>...</MessageId>
    <MessageBodyMD5>0CC175B9C0F1B6A831C399E269772661</MessageBodyMD5>
    </Message>
    <Message>
    <ErrorCode>InvalidArgument</ErrorCode>
    <ErrorMessage>The value of Priority should be between 1 and 16.</ErrorMessage>
    </Message>
    <Message>
    <MessageId>...</MessageId>
    <MessageBodyMD5>4A8A08F09D37B73795649038408B5F33</MessageBodyMD5>
    </Message>
    </Messages>
    "#);
    let received = mns
        .call("GET /queues/q/messages?numOfMessages=16", "")
        .await;
    assert_eq!(received.texts("MessageBody"), ["a", "c"]);

    let handle = received.text("ReceiptHandle");
    let handles = format!(
        "<ReceiptHandles><ReceiptHandle>{handle}</ReceiptHandle>\
         <ReceiptHandle>foreign</ReceiptHandle></ReceiptHandles>"
    );
    let deleted = mns.call("DELETE /queues/q/messages", &handles).await;
    insta::assert_snapshot!(deleted.document().replace("><", ">\n<"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Errors xmlns="http://mns.aliyuncs.com/doc/v1/">
    <Error>
    <ErrorCode>ReceiptHandleError</ErrorCode>
    <ErrorMessage>The receipt handle you provide is not valid.</ErrorMessage>
    <ReceiptHandle>foreign</ReceiptHandle>
    </Error>
    </Errors>
    "#);
    assert_eq!(mns.delete("q", handle).await, "404 MessageNotExist");
}

#[tokio::test]
async fn batches_are_bounded_in_number_and_size() {
    let (_running, mns) = scene().await;
    let large = "x".repeat(33 * 1024);
    for (name, body, expected) in [
        ("sixteen", batch(&["a"; 16]), "201"),
        ("seventeen", batch(&["a"; 17]), "400 InvalidArgument"),
        ("none", batch(&[]), "400 InvalidArgument"),
        ("64 KiB", batch(&[&large, &"x".repeat(31 * 1024)]), "201"),
        ("66 KiB", batch(&[&large, &large]), "400 InvalidArgument"),
    ] {
        assert_eq!(
            mns.call("POST /queues/q/messages", &body).await.outcome(),
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_message_may_be_as_large_as_its_queue_allows() {
    let (_running, mns) = scene().await;
    mns.create_queue("small", "<MaximumMessageSize>1024</MaximumMessageSize>")
        .await;
    for (queue, size, expected) in [
        ("small", 1024, "201"),
        ("small", 1025, "400 InvalidArgument"),
        ("q", 65_536, "201"),
        ("q", 65_537, "400 InvalidArgument"),
    ] {
        let body = format!(
            "<Message><MessageBody>{}</MessageBody></Message>",
            "x".repeat(size)
        );
        let answer = mns
            .call(&format!("POST /queues/{queue}/messages"), &body)
            .await;
        assert_eq!(answer.outcome(), expected, "{queue} {size}");
    }
    // Every character escaped: the document is several times as large as the message.
    let escaped = "&quot;".repeat(65_536);
    let body = format!("<Message><MessageBody>{escaped}</MessageBody></Message>");
    mns.expect("POST /queues/q/messages", &body, "201").await;
}

#[tokio::test]
async fn a_new_visibility_timeout_comes_with_a_new_handle() {
    let (_running, mns) = scene().await;
    mns.send("q", "a").await;
    let received = mns.receive("q").await;
    let handle = received.text("ReceiptHandle");
    let change = |handle: &str, seconds: &str| {
        format!("PUT /queues/q/messages?ReceiptHandle={handle}&VisibilityTimeout={seconds}")
    };
    let changed = mns.call(&change(handle, "100"), "").await;
    insta::assert_snapshot!(changed.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <ChangeVisibility xmlns="http://mns.aliyuncs.com/doc/v1/">
    <ReceiptHandle>...</ReceiptHandle>
    <NextVisibleTime>...</NextVisibleTime>
    </ChangeVisibility>
    "#);
    assert!(changed.text("NextVisibleTime") > received.text("NextVisibleTime"));
    assert_eq!(mns.delete("q", handle).await, "404 MessageNotExist");
    mns.expect(&change(handle, "1"), "", "404 MessageNotExist")
        .await;
    let handle = changed.text("ReceiptHandle");
    for seconds in ["0", "43201", "soon"] {
        let answer = mns.call(&change(handle, seconds), "").await;
        assert_eq!(answer.outcome(), "400 InvalidArgument", "{seconds}");
    }
    let lower_camel = format!("PUT /queues/q/messages?receiptHandle={handle}&visibilityTimeout=1");
    let changed = mns.call(&lower_camel, "").await;
    assert_eq!(changed.status, 200);
    let again = mns.receive("q").await;
    assert_eq!(again.text("DequeueCount"), "2");
    let stale = changed.text("ReceiptHandle");
    assert_eq!(
        mns.delete("q", stale).await,
        "404 MessageNotExist",
        "visible again since"
    );
}

#[tokio::test]
async fn a_delayed_message_is_told_by_its_handle() {
    let (_running, mns) = scene().await;
    let delayed = "<Message><MessageBody>a</MessageBody><DelaySeconds>60</DelaySeconds></Message>";
    let sent = mns.call("POST /queues/q/messages", delayed).await;
    insta::assert_snapshot!(sent.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Message xmlns="http://mns.aliyuncs.com/doc/v1/">
    <MessageId>...</MessageId>
    <MessageBodyMD5>0CC175B9C0F1B6A831C399E269772661</MessageBodyMD5>
    <ReceiptHandle>...</ReceiptHandle>
    </Message>
    "#);
    assert_eq!(
        mns.call("GET /queues/q", "").await.text("DelayMessages"),
        "1"
    );
    mns.expect("GET /queues/q/messages", "", "404 MessageNotExist")
        .await;
    assert_eq!(mns.delete("q", sent.text("ReceiptHandle")).await, "204");
}

#[tokio::test]
async fn a_peek_gives_no_handle_and_hides_nothing() {
    let (_running, mns) = scene().await;
    let peek = "GET /queues/q/messages?peekonly=true";
    mns.expect(peek, "", "404 MessageNotExist").await;
    mns.send("q", "a").await;
    mns.send("q", "b").await;
    insta::assert_snapshot!(mns.call(peek, "").await.shape(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Message xmlns="http://mns.aliyuncs.com/doc/v1/">
    <MessageId>...</MessageId>
    <MessageBodyMD5>0CC175B9C0F1B6A831C399E269772661</MessageBodyMD5>
    <MessageBody>a</MessageBody>
    <EnqueueTime>...</EnqueueTime>
    <FirstDequeueTime>...</FirstDequeueTime>
    <DequeueCount>0</DequeueCount>
    <Priority>8</Priority>
    </Message>
    "#);
    let many = mns.call(&format!("{peek}&numOfMessages=16"), "").await;
    assert_eq!(many.texts("MessageBody"), ["a", "b"]);
    assert_eq!(mns.receive("q").await.text("DequeueCount"), "1");
}

#[tokio::test]
async fn properties_and_group_travel_with_the_message() {
    let (_running, mns) = scene().await;
    let body = "<Message><MessageBody>a</MessageBody><MessageGroupId>g</MessageGroupId>\
        <UserProperties><PropertyValue><Name>n</Name><Value>&lt;1&gt;</Value><Type>STRING</Type>\
        </PropertyValue></UserProperties><SystemProperties><SystemPropertyValue><Name>s</Name>\
        <Value>2</Value><Type>STRING</Type></SystemPropertyValue></SystemProperties></Message>";
    mns.expect("POST /queues/q/messages", body, "201").await;
    let received = mns.receive("q").await;
    let from = received.document().find("<MessageGroupId>").unwrap();
    insta::assert_snapshot!(received.document()[from..].replace("><", ">\n<"), @r"
    <MessageGroupId>g</MessageGroupId>
    <UserProperties>
    <PropertyValue>
    <Name>n</Name>
    <Value>&lt;1&gt;</Value>
    <Type>STRING</Type>
    </PropertyValue>
    </UserProperties>
    <SystemProperties>
    <SystemPropertyValue>
    <Name>s</Name>
    <Value>2</Value>
    <Type>STRING</Type>
    </SystemPropertyValue>
    </SystemProperties>
    </Message>
    ");
}
