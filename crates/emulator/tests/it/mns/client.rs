//! The client of this workspace against the emulator: each must understand the other.

use std::time::Duration;

use mns::{
    BatchSize, Client, Created, Delay, Endpoint, ListRequest, MessageTag, NotifyContentFormat,
    PageSize, PollingWait, Priority, QueueAttributes, ReceiptHandle, SendMessage, Subscription,
    TopicAttributes, VisibilityTimeout, notification, queue_endpoint_arn,
};
use transport::RetryPolicy;

use crate::running::{ACCOUNT, REGION, Running, credentials};

fn client(running: &Running) -> Client {
    let endpoint: Endpoint = format!("http://{}", running.addresses.mns).parse().unwrap();
    let client = Client::builder(endpoint, credentials()).retry(RetryPolicy::none());
    client.build().unwrap()
}

fn seconds(seconds: u64) -> VisibilityTimeout {
    VisibilityTimeout::try_new(Duration::from_secs(seconds)).unwrap()
}

#[tokio::test]
async fn messages_come_and_go() {
    let running = Running::start().await;
    let queue = client(&running).queue("q".parse().unwrap());
    let attributes = QueueAttributes::default();
    assert_eq!(queue.create(&attributes).await.unwrap(), Created::New);
    assert_eq!(queue.create(&attributes).await.unwrap(), Created::Unchanged);
    let other = QueueAttributes {
        visibility_timeout: Some(seconds(77)),
        ..attributes
    };
    assert!(queue.create(&other).await.unwrap_err().is_conflict());

    assert!(queue.receive(PollingWait::MIN).await.unwrap().is_none());
    let sent = queue
        .send(&SendMessage::new("<a> 上海 😀\r\n"))
        .await
        .unwrap();
    let peeked = queue.peek().await.unwrap().unwrap();
    let received = queue.receive(PollingWait::MAX).await.unwrap().unwrap();
    assert_eq!((&peeked.id, &received.id), (&sent.id, &sent.id));
    assert_eq!(received.body, "<a> 上海 😀\r\n");
    assert_eq!(received.body_md5, sent.body_md5);
    assert_eq!(received.dequeue_count, 1);

    let changed = queue
        .change_visibility(&received.receipt_handle, seconds(5))
        .await
        .unwrap();
    let stale = queue
        .delete_message(&received.receipt_handle)
        .await
        .unwrap_err();
    assert!(stale.is_receipt_handle_invalid(), "{stale}");
    queue.delete_message(&changed.receipt_handle).await.unwrap();
    let foreign = queue
        .delete_message(&ReceiptHandle::new("x"))
        .await
        .unwrap_err();
    assert!(foreign.is_receipt_handle_invalid(), "{foreign}");
    queue.delete().await.unwrap();
    assert!(queue.attributes().await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn batches_come_and_go() {
    let running = Running::start().await;
    let queue = client(&running).queue("q".parse().unwrap());
    queue.create(&QueueAttributes::default()).await.unwrap();
    let first = SendMessage {
        priority: Some(Priority::MIN),
        ..SendMessage::new("first")
    };
    let delay = Delay::try_new(Duration::from_mins(10)).unwrap();
    let late = SendMessage {
        delay: Some(delay),
        ..SendMessage::new("late")
    };
    let batch = [SendMessage::new("second"), first, late];
    let sent = queue.send_batch(&batch).await.unwrap();
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    let received = queue
        .receive_batch(BatchSize::MAX, PollingWait::MIN)
        .await
        .unwrap();
    let bodies: Vec<_> = received
        .iter()
        .map(|message| message.body.as_ref())
        .collect();
    assert_eq!(bodies, [b"first".as_slice(), b"second"]);
    let mut handles: Vec<_> = received
        .into_iter()
        .map(|message| message.receipt_handle)
        .collect();
    handles.push(ReceiptHandle::new("x"));
    let outcome = queue.delete_batch(&handles).await.unwrap();
    assert_eq!(outcome.failed.len(), 1, "{outcome:?}");
    assert_eq!(outcome.failed[0].0, handles[2]);
}

#[tokio::test]
async fn publications_arrive_in_every_format() {
    let running = Running::start().await;
    let client = client(&running);
    let topic = client.topic("t".parse().unwrap());
    topic.create(&TopicAttributes::default()).await.unwrap();
    let formats = [
        NotifyContentFormat::Simplified,
        NotifyContentFormat::Json,
        NotifyContentFormat::Xml,
    ];
    for format in formats {
        let name = format.to_string().to_lowercase();
        let queue = client.queue(name.parse().unwrap());
        queue.create(&QueueAttributes::default()).await.unwrap();
        let subscription = Subscription {
            endpoint: queue_endpoint_arn(REGION, ACCOUNT, queue.name()),
            filter_tag: None,
            notify_strategy: None,
            notify_content_format: Some(format),
        };
        let made = topic
            .subscribe(&name.parse().unwrap(), &subscription)
            .await
            .unwrap();
        assert_eq!(made, Created::New);
    }
    let tag = MessageTag::try_new("tag").unwrap();
    topic.publish("<a> & \"b\"", Some(&tag)).await.unwrap();
    for format in formats {
        let queue = client.queue(format.to_string().to_lowercase().parse().unwrap());
        let received = queue.receive(PollingWait::MIN).await.unwrap().unwrap();
        let body = match format {
            NotifyContentFormat::Simplified => String::from_utf8(received.body.to_vec()).unwrap(),
            _ => notification::unwrap(&received.body).unwrap().into_owned(),
        };
        assert_eq!(body, "<a> & \"b\"", "{format}");
    }
}

#[tokio::test]
async fn lists_are_walked_page_by_page() {
    let running = Running::start().await;
    let client = client(&running);
    for number in 0..5 {
        let queue = client.queue(format!("q-{number}").parse().unwrap());
        queue.create(&QueueAttributes::default()).await.unwrap();
    }
    let mut request = ListRequest {
        page_size: Some(PageSize::try_new(2).unwrap()),
        ..ListRequest::default()
    };
    let mut names = Vec::new();
    loop {
        let page = client.list_queues(&request).await.unwrap();
        names.extend(page.items.iter().map(ToString::to_string));
        let Some(next) = page.next else { break };
        request.marker = Some(next);
    }
    assert_eq!(names, ["q-0", "q-1", "q-2", "q-3", "q-4"]);
}
