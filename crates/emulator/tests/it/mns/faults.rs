use emulator::call::Service;
use emulator::faults::Kind;

use crate::mns::caller::scene;

#[tokio::test]
async fn an_error_looks_like_one_of_the_service() {
    let (running, mns) = scene().await;
    let kind = Kind::Error {
        status: 403,
        code: "QpsLimitExceeded".to_owned(),
    };
    running.once(Service::Mns, "ReceiveMessage", kind);
    let answer = mns.call("GET /queues/q/messages", "").await;
    assert_eq!(answer.outcome(), "403 QpsLimitExceeded");
    assert_eq!(answer.text("RequestId"), answer.headers["x-mns-request-id"]);
    mns.expect("GET /queues/q/messages", "", "404 MessageNotExist")
        .await;
}

#[tokio::test]
async fn a_duplicate_is_received_again() {
    let (running, mns) = scene().await;
    mns.send("q", "a").await;
    running.once(Service::Mns, "BatchReceiveMessage", Kind::Duplicate);
    let receive = "GET /queues/q/messages?numOfMessages=16";
    let first = mns.call(receive, "").await;
    assert_eq!(
        mns.delete("q", first.text("ReceiptHandle")).await,
        "404 MessageNotExist"
    );
    let second = mns.call(receive, "").await;
    assert_eq!(second.text("MessageId"), first.text("MessageId"));
    assert_eq!(second.text("DequeueCount"), "2");
    assert_eq!(mns.delete("q", second.text("ReceiptHandle")).await, "204");
}
