//! From an operation on an object to a message in a topic.

use oss::event;

use crate::mns::caller::Caller as MnsCaller;
use crate::oss::caller::Caller;
use crate::running::{ACCOUNT, REGION, Running};

/// A bucket, and a queue that gets whatever a rule for all events publishes.
async fn scene() -> (Running, Caller, MnsCaller) {
    let running = Running::start().await;
    let (oss, mns) = (Caller::of(&running), MnsCaller::of(&running));
    oss.call("PUT /photos", "").await;
    put_rule(&running, "everything", "", "").await;
    mns.create_queue("q", "").await;
    let subscription = format!(
        "<Subscription><Endpoint>acs:mns:{REGION}:{ACCOUNT}:queues/q</Endpoint>\
         <NotifyContentFormat>SIMPLIFIED</NotifyContentFormat></Subscription>"
    );
    let answer = mns
        .call("PUT /topics/t/subscriptions/s", &subscription)
        .await;
    assert_eq!(answer.outcome(), "201");
    (running, oss, mns)
}

async fn put_rule(running: &Running, name: &str, prefix: &str, suffix: &str) {
    let rule = serde_json::json!({
        "bucket": "photos",
        "prefix": prefix,
        "suffix": suffix,
        "events": ["ObjectCreated:*", "ObjectRemoved:*", "ObjectDownloaded:*"],
        "topic": "t",
    });
    let (status, answer) = running
        .admin()
        .call(&format!("PUT /rules/{name}"), Some(rule))
        .await;
    assert_eq!(status, 200, "{answer}");
}

/// The next event in the queue; `None` when it is empty.
async fn next(mns: &MnsCaller) -> Option<event::Event> {
    let answer = mns.call("GET /queues/q/messages", "").await;
    if answer.status == 404 {
        return None;
    }
    let events = event::parse(answer.text("MessageBody").as_bytes()).unwrap();
    assert_eq!(events.len(), 1);
    mns.delete("q", answer.text("ReceiptHandle")).await;
    events.into_iter().next()
}

#[tokio::test]
async fn every_operation_has_its_event() {
    let (_running, oss, mns) = scene().await;
    oss.call("PUT /photos/a", "12345").await;
    oss.call_with("PUT /photos/b", &[("x-oss-copy-source", "/photos/a")], "")
        .await;
    oss.call("POST /photos/log?append&position=0", "123").await;
    oss.call_with(
        "PUT /photos/link?symlink",
        &[("x-oss-symlink-target", "a")],
        "",
    )
    .await;
    oss.call("GET /photos/a", "").await;
    oss.call("DELETE /photos/a", "").await;
    let id = oss.begin("big").await;
    oss.call(
        &format!("PUT /photos/big?partNumber=1&uploadId={id}"),
        "12345",
    )
    .await;
    let all = [("x-oss-complete-all", "yes")];
    oss.call_with(&format!("POST /photos/big?uploadId={id}"), &all, "")
        .await;
    let id = oss.begin("big").await;
    oss.call(&format!("DELETE /photos/big?uploadId={id}"), "")
        .await;

    let mut shown = Vec::new();
    while let Some(event) = next(&mns).await {
        let raw: serde_json::Value = serde_json::from_str(event.raw()).unwrap();
        let object = &raw["oss"]["object"];
        let name = raw["eventName"].as_str().unwrap();
        let key = object["key"].as_str().unwrap();
        shown.push(format!(
            "{name} {key} {} {}",
            object["size"], object["deltaSize"]
        ));
    }
    insta::assert_snapshot!(shown.join("\n"), @r"
    ObjectCreated:PutObject a 5 5
    ObjectCreated:CopyObject b 5 5
    ObjectCreated:AppendObject log 3 3
    ObjectCreated:PutSymlink link 0 0
    ObjectDownloaded:GetObject a 5 0
    ObjectRemoved:DeleteObject a 5 -5
    ObjectCreated:InitiateMultipartUpload big 0 0
    ObjectCreated:UploadPart big 5 5
    ObjectCreated:CompleteMultipartUpload big 5 5
    ObjectCreated:InitiateMultipartUpload big 0 0
    ObjectRemoved:AbortMultipartUpload big 0 0
    ");
}

#[tokio::test]
async fn an_event_carries_the_id_of_the_request_that_caused_it() {
    let (_running, oss, mns) = scene().await;
    let answer = oss
        .call("PUT /photos/%E4%B8%8A%E6%B5%B7%20a%2Bb", "hello")
        .await;
    let event = next(&mns).await.unwrap();
    assert_eq!(
        event.request_id.as_deref(),
        answer.header("x-oss-request-id")
    );
    let raw: serde_json::Value = serde_json::from_str(event.raw()).unwrap();
    assert_eq!(raw["oss"]["object"]["key"], "上海 a+b");
    assert_eq!(
        raw["oss"]["object"]["eTag"],
        "5D41402ABC4B2A76B9719D911017C592"
    );
    assert_eq!(raw["oss"]["ruleId"], "everything");
    assert_eq!(raw["requestParameters"]["sourceIPAddress"], "127.0.0.1");
}

#[tokio::test]
async fn a_smaller_object_in_place_of_a_larger_one_has_a_negative_delta() {
    let (_running, oss, mns) = scene().await;
    for body in ["12345", "123"] {
        oss.call("PUT /photos/a", body).await;
    }
    next(&mns).await.unwrap();
    let raw: serde_json::Value = serde_json::from_str(next(&mns).await.unwrap().raw()).unwrap();
    assert_eq!(raw["oss"]["object"]["deltaSize"], -2);
}

#[tokio::test]
async fn refused_operations_and_other_keys_publish_nothing() {
    let (running, oss, mns) = scene().await;
    put_rule(&running, "everything", "in/", ".jpg").await;
    oss.call("PUT /photos/a.jpg", "1").await;
    oss.call("PUT /photos/in/a.png", "1").await;
    oss.call("DELETE /photos/in/missing.jpg", "").await;
    oss.call("GET /photos/in/missing.jpg", "").await;
    oss.call_with(
        "PUT /photos/in/a.jpg",
        &[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")],
        "1",
    )
    .await;
    oss.anonymous("PUT /photos/in/a.jpg", "1").await;
    assert!(next(&mns).await.is_none());
    oss.call("PUT /photos/in/a.jpg", "1").await;
    assert!(next(&mns).await.is_some());
}
