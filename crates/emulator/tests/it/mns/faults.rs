use emulator::call::Service;
use emulator::faults::{Fault, Kind};

use crate::mns::caller::Caller;
use crate::running::Running;

fn once(running: &Running, operation: &str, kind: Kind) {
    let fault = Fault {
        service: Service::Mns,
        operation: operation.to_owned(),
        kind,
        times: Some(1),
        probability: None,
        seed: None,
    };
    running.shared.faults.add(fault).unwrap();
}

async fn scene() -> (Running, Caller) {
    let running = Running::start().await;
    let mns = Caller::of(&running);
    mns.create_queue("q", "").await;
    (running, mns)
}

#[tokio::test]
async fn an_error_looks_like_one_of_the_service() {
    let (running, mns) = scene().await;
    let kind = Kind::Error {
        status: 403,
        code: "QpsLimitExceeded".to_owned(),
    };
    once(&running, "ReceiveMessage", kind);
    let answer = mns.call("GET /queues/q/messages", "").await;
    assert_eq!(answer.outcome(), "403 QpsLimitExceeded");
    assert_eq!(answer.text("RequestId"), answer.headers["x-mns-request-id"]);
    assert_eq!(
        mns.call("GET /queues/q/messages", "").await.outcome(),
        "404 MessageNotExist"
    );
}

#[tokio::test]
async fn a_duplicate_is_received_again() {
    let (running, mns) = scene().await;
    mns.send("q", "a").await;
    once(&running, "BatchReceiveMessage", Kind::Duplicate);
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
