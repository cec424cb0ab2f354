//! Texts from MNS: responses, and the envelope of a topic.

use bytes::Bytes;
use mns::{BatchSize, document, notification};
use serde_json::json;

use crate::telling::is_one_short_line;

/// Reads an answer in every way there is.
pub(crate) fn documents(input: &[u8]) {
    let answer = Bytes::copy_from_slice(input);
    received(&answer);
    if let Ok(items) = document::sent_messages(&answer) {
        assert!(items.len() <= input.len(), "more messages than bytes");
    }
    let _ = document::sent_message(&answer);
    let _ = document::visibility(&answer);
    if let Err(error) = document::service_error(&answer) {
        is_one_short_line(&error);
    }
    if let Err(error) = document::event_rule(&answer) {
        is_one_short_line(&error);
    }
    let _ = document::delete_failures(&answer);
    if let Ok(status) = document::queue_status(&answer) {
        assert!(!status.name.is_empty(), "a queue without a name");
    }
    let _ = document::queue_list(&answer);
    let _ = document::queue_status_list(&answer);
    let _ = document::topic_status(&answer);
    let _ = document::topic_list(&answer);
    let _ = document::subscription_status(&answer);
    let _ = document::subscription_list(&answer);
}

fn received(answer: &Bytes) {
    let messages = match document::messages(answer, BatchSize::MAX) {
        Ok(messages) => messages,
        Err(error) => return is_one_short_line(&error),
    };
    let bodies: usize = messages.iter().map(|message| message.body.len()).sum();
    assert!(bodies <= answer.len(), "bodies grew on reading");
    let held: usize = messages.iter().map(mns::Message::held_bytes).sum();
    assert!(messages.len() <= 16 && held <= 16 * document::MESSAGE_BYTES);
    let peeked = document::peeked_messages(answer, BatchSize::MAX).unwrap_or_default();
    let peeked: Vec<_> = peeked.iter().map(|one| (&one.id, &one.body)).collect();
    let received: Vec<_> = messages.iter().map(|one| (&one.id, &one.body)).collect();
    // Of a faulty answer, peeking also takes what has no handle.
    if peeked.len() == received.len() {
        assert_eq!(peeked, received, "peeking and receiving disagree");
    }
}

/// Opens an envelope, and one made of what it held.
pub(crate) fn notification(input: &[u8]) {
    let opened = notification::parse(input);
    assert_eq!(
        opened.as_ref().map(|envelope| &envelope.message),
        notification::unwrap(input).as_ref(),
        "two ways to open an envelope"
    );
    let Some(opened) = opened else {
        return;
    };
    assert!(opened.message.len() <= input.len(), "the message grew");
    let again = json!({"TopicName": "t", "Message": opened.message}).to_string();
    assert_eq!(
        notification::unwrap(again.as_bytes()).as_deref(),
        Some(opened.message.as_ref()),
        "the message does not survive another envelope"
    );
}
