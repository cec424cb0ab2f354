//! Input that nobody should send: the readers return, and return something sensible.

use bytes::Bytes;
use mns::{BatchSize, document, notification};
use proptest::prelude::*;
use proptest::sample::select;

/// Every public reader, called for its effect of not panicking.
fn read_all(input: &Bytes) {
    let _ = document::messages(input, BatchSize::MAX);
    let _ = document::peeked_messages(input, BatchSize::MAX);
    let _ = document::sent_message(input);
    let _ = document::sent_messages(input);
    let _ = document::visibility(input);
    let _ = document::service_error(input);
    let _ = document::delete_failures(input);
    let _ = document::queue_status(input);
    let _ = document::queue_list(input);
    let _ = document::queue_status_list(input);
    let _ = document::topic_status(input);
    let _ = document::topic_list(input);
    let _ = document::subscription_status(input);
    let _ = document::subscription_list(input);
    let _ = notification::parse(input);
}

#[test]
fn many_references_cost_no_more_than_their_text() {
    let body = "&amp;".repeat(200_000);
    let answer = format!(
        "<Message><MessageId>1</MessageId><MessageBody>{body}</MessageBody><ReceiptHandle>2</ReceiptHandle></Message>"
    );
    assert_eq!(
        document::messages(&answer.into(), BatchSize::MAX).unwrap()[0]
            .body
            .len(),
        200_000
    );
}

#[test]
fn nesting_is_bounded_in_every_reader() {
    for root in [
        "Messages",
        "Error",
        "Errors",
        "Queue",
        "Queues",
        "Topic",
        "Subscriptions",
        "Notification",
    ] {
        let document = format!("<{root}>{}", "<a>".repeat(1_000_000));
        read_all(&document.clone().into());
        assert!(
            document::messages(&document.into(), BatchSize::MAX).is_err(),
            "{root}"
        );
    }
}

fn message(index: usize, body: &str) -> String {
    format!(
        "<Message><MessageId>{index}</MessageId><ReceiptHandle>h</ReceiptHandle><MessageBody>{body}</MessageBody></Message>"
    )
}

#[test]
fn no_more_messages_are_kept_than_were_asked_for() {
    let all: String = (0..15_000).map(|index| message(index, "x")).collect();
    let faulty = format!("<Messages>\u{0}<Message></Oops></Message>{all}</Messages>");
    for answer in [format!("<Messages>{all}</Messages>"), faulty] {
        for max in [1, 3, 16] {
            let batch = BatchSize::try_new(max).unwrap();
            let kept = document::messages(&answer.clone().into(), batch).unwrap();
            let ids: Vec<_> = kept.iter().map(|message| message.id.clone()).collect();
            let expected: Vec<_> = (0..max).map(|index| index.to_string()).collect();
            assert_eq!(ids, expected);
            let peeked = document::peeked_messages(&answer.clone().into(), batch).unwrap();
            assert_eq!(peeked.len(), kept.len());
        }
    }
}

#[test]
fn no_more_bytes_are_kept_than_messages_can_have() {
    let large = "x".repeat(2 * document::MESSAGE_BYTES - 100);
    let answer = format!(
        "<Messages>{}{}{}</Messages>",
        message(0, "x"),
        message(1, &large),
        message(2, &large),
    );
    let batch = BatchSize::try_new(3).unwrap();
    let kept = document::messages(&answer.into(), batch).unwrap();
    assert_eq!(
        kept.len(),
        2,
        "the third would be beyond what three can have"
    );

    let endless = "7".repeat(document::MESSAGE_BYTES);
    for message in [
        message(0, &endless),
        message(0, "x").replace("<MessageId>", &format!("<MessageId>{endless}")),
        message(0, "x").replace("<ReceiptHandle>", &format!("<ReceiptHandle>{endless}")),
    ] {
        let kept = document::messages(&message.into(), BatchSize::MIN).unwrap();
        assert!(kept.is_empty(), "it becomes visible again by itself");
    }
}

/// Parts of an answer, whole and torn.
const PARTS: [&str; 24] = [
    "<Message><MessageId>1</MessageId>",
    "<ReceiptHandle>r=</ReceiptHandle></Message>",
    "</Message>",
    "<MessageId>2</MessageId>",
    "<MessageId>",
    "</MessageId>",
    "</MessageId >",
    "<ReceiptHandle>",
    "</ReceiptHandle>",
    "<MessageBody>a > b</MessageBody>",
    "<MessageBody>&lt;&#65;&none;</MessageBody>",
    "<MessageBody/>",
    "<MessageBody>",
    "</MessageBody>",
    "<Priority>8</Priority>",
    "<Priority></Priority>",
    "<DequeueCount />",
    "<Other><Priority>9</Priority></Other>",
    "<Other>",
    "</Other>",
    "<!-- <Priority>7</Priority> -->",
    // Not of a name that gets attributes: this is text, which would be another one then.
    "<![CDATA[<DequeueCount>6</DequeueCount>]]>",
    "text > text",
    "\n ",
];

proptest! {
    #[test]
    fn elements_are_read_alike_with_attributes_and_without(parts in proptest::collection::vec(select(&PARTS[..]), 0..24)) {
        let answer = format!("<Messages>{}</Messages>", parts.concat());
        let names = ["MessageId", "ReceiptHandle", "MessageBody", "Priority", "Other"];
        let with_attributes = names.iter().fold(answer.clone(), |answer, name| {
            answer.replace(&format!("<{name}>"), &format!("<{name} a=''>"))
        });
        let read = |answer: String| {
            document::messages(&answer.into(), BatchSize::MAX).map_err(|error| format!("{error:?}"))
        };
        prop_assert_eq!(read(answer), read(with_attributes));
    }
}
