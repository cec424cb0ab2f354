use tempfile::TempDir;

use crate::process::Process;
use crate::running::{ACCOUNT, REGION};

#[tokio::test]
async fn a_killed_emulator_knows_everything_again() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let mns = &process.mns;
    mns.create_queue("q", "<VisibilityTimeout>3600</VisibilityTimeout>")
        .await;
    mns.create_queue("gone", "").await;
    mns.send("gone", "lost with its queue").await;
    mns.call("DELETE /queues/gone", "").await;
    mns.call("PUT /topics/t", "").await;
    let subscription = format!(
        "<Subscription><Endpoint>acs:mns:{REGION}:{ACCOUNT}:queues/q</Endpoint>\
         <NotifyContentFormat>SIMPLIFIED</NotifyContentFormat></Subscription>"
    );
    mns.call("PUT /topics/t/subscriptions/s", &subscription)
        .await;
    for body in ["deleted", "hidden", "visible"] {
        mns.send("q", body).await;
    }
    let deleted = mns.receive("q").await;
    assert_eq!(mns.delete("q", deleted.text("ReceiptHandle")).await, "204");
    let hidden = mns.receive("q").await;
    process.kill().await;

    let process = Process::start(folder.path()).await;
    let mns = &process.mns;
    let status = mns.call("GET /queues/q", "").await;
    assert_eq!(status.text("VisibilityTimeout"), "3600");
    assert_eq!(status.text("ActiveMessages"), "1");
    assert_eq!(status.text("InactiveMessages"), "1");
    mns.expect("GET /queues/gone", "", "404 QueueNotExist")
        .await;
    let handle = hidden.text("ReceiptHandle");
    let change = format!("PUT /queues/q/messages?ReceiptHandle={handle}&VisibilityTimeout=1");
    assert_eq!(
        mns.call(&change, "").await.status,
        200,
        "the handle is still good"
    );
    assert_eq!(mns.receive("q").await.text("MessageBody"), "visible");
    process.kill().await;

    let process = Process::start(folder.path()).await;
    let mns = &process.mns;
    let again = mns.receive("q").await;
    assert_eq!(again.text("MessageBody"), "hidden");
    assert_eq!(again.text("MessageId"), hidden.text("MessageId"));
    assert_eq!(again.text("DequeueCount"), "2");
    assert_eq!(
        again.text("FirstDequeueTime"),
        hidden.text("FirstDequeueTime")
    );
    mns.call(
        "POST /topics/t/messages",
        "<Message><MessageBody>new</MessageBody></Message>",
    )
    .await;
    assert_eq!(mns.receive("q").await.text("MessageBody"), "new");
    process.kill().await;
}
