//! Calls beyond a limit: how they are refused, and that a client which repeats them loses nothing.
//! A limit of none refuses every call, however slow the machine is.

use std::time::Duration;

use emulator::limits::Limits;
use mns::{Client, Endpoint, Queue, RefusalKind, SendMessage};
use tokio::time::sleep;
use transport::{Disposition, RetryPolicy};

use crate::mns::caller::{Caller, scene};
use crate::running::{Running, credentials};

const NONE: Option<u32> = Some(0);
const RECEIVE: &str = "GET /queues/q/messages?numOfMessages=16";
const MESSAGE: &str = "<Message><MessageBody>a</MessageBody></Message>";

async fn limited(limits: Limits) -> (Running, Caller) {
    let (running, mns) = scene().await;
    mns.expect("PUT /topics/t", "", "201").await;
    running.shared.throttle.set(limits);
    (running, mns)
}

fn queue(running: &Running, retry: RetryPolicy) -> Queue {
    let endpoint: Endpoint = format!("http://{}", running.addresses.mns).parse().unwrap();
    let client = Client::builder(endpoint, credentials()).retry(retry);
    client.build().unwrap().queue("q".parse().unwrap())
}

#[tokio::test]
async fn each_limit_refuses_what_it_is_about() {
    const SEND: &str = "POST /queues/q/messages";
    const PUBLISH: &str = "POST /topics/t/messages";
    const REFUSED: &str = "429 TooManyRequests";
    let off = Limits::default();
    for (name, limits, send, publish) in [
        ("queue", Limits { queue: NONE, ..off }, REFUSED, "201"),
        ("topic", Limits { topic: NONE, ..off }, "201", REFUSED),
        ("account", Limits { mns: NONE, ..off }, REFUSED, REFUSED),
        (
            "bucket",
            Limits {
                bucket: NONE,
                ..off
            },
            "201",
            "201",
        ),
    ] {
        let (_running, mns) = limited(limits).await;
        let outcome = |answer: crate::answer::Answer| answer.outcome();
        assert_eq!(outcome(mns.call(SEND, MESSAGE).await), send, "{name}");
        assert_eq!(outcome(mns.call(PUBLISH, MESSAGE).await), publish, "{name}");
    }
}

#[tokio::test]
async fn a_client_tells_such_a_refusal_and_repeats_it_without_harm() {
    let (running, mns) = limited(Limits::default()).await;
    mns.send("q", "1").await;
    running.shared.throttle.set(Limits {
        queue: NONE,
        ..Limits::default()
    });
    let message = SendMessage::new("2");
    let refused = queue(&running, RetryPolicy::none()).send(&message).await;
    let error = refused.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("429 `TooManyRequests`"), "{text}");
    assert_eq!(error.refusal().unwrap().kind(), RefusalKind::Throttled);
    assert_eq!(error.disposition(), Disposition::Retry);

    let patient = RetryPolicy::new(100, Duration::from_millis(100), Duration::from_millis(100));
    let patient = queue(&running, patient);
    let lift = async {
        sleep(Duration::from_millis(300)).await;
        running.shared.throttle.set(Limits::default());
    };
    let (sent, ()) = tokio::join!(patient.send(&message), lift);
    sent.unwrap();
    let received = mns.call(RECEIVE, "").await;
    assert_eq!(received.texts("MessageBody").len(), 2);
}
