//! Messages as OSS publishes them, each about an object of its own, and queues full of them.

use std::sync::Arc;

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mns::{Queue, SendMessage};
use serde_json::{Value, json};

/// Calls at one time while a queue is filled.
const SENDERS: usize = 8;
/// A batch holds at most so many messages, and so many bytes of them.
const BATCH: usize = 16;
const BATCH_BYTES: usize = 64 * 1024;

/// The event document of the upload of `key`, the `number`th, with `padding` bytes of a field
/// that no reader knows.
pub(crate) fn document(key: &str, number: u64, padding: usize) -> String {
    // A constant, of which a test shows that it can be read.
    let mut event: Value = serde_json::from_str(cases::EVENT).unwrap_or_default();
    event["oss"]["object"]["key"] = key.into();
    event["responseElements"]["requestId"] = format!("{number:024X}").into();
    if padding > 0 {
        event["xVars"] = "x".repeat(padding).into();
    }
    json!({ "events": [event] }).to_string()
}

/// The document as it lies in a queue.
pub(crate) fn body(number: u64, padding: usize) -> String {
    BASE64_STANDARD.encode(document(&format!("photos/{number}.jpg"), number, padding))
}

/// How much padding makes a body of just about, and never more than, so many bytes.
pub(crate) fn padding_for(body_bytes: usize) -> usize {
    let bare = BASE64_STANDARD
        .decode(body(u64::MAX, 1))
        .map_or(0, |document| document.len());
    (body_bytes / 4 * 3).saturating_sub(bare)
}

/// Puts `count` messages into the queue, as many per call as it takes.
///
/// # Errors
/// When MNS does not take all of them.
pub(crate) async fn fill(queue: &Queue, count: u64, padding: usize) -> Result<()> {
    let one = body(u64::MAX, padding).len();
    let per_call = (BATCH_BYTES / one).clamp(1, BATCH) as u64;
    let queue = Arc::new(queue.clone());
    let send = |first: u64| {
        let queue = queue.clone();
        let batch: Vec<_> = (first..count.min(first + per_call))
            .map(|number| SendMessage::new(body(number, padding)))
            .collect();
        async move {
            for sent in queue.send_batch(&batch).await? {
                ensure!(sent.is_ok(), "a message was refused: {sent:?}");
            }
            Ok(())
        }
    };
    let firsts = (0..count).step_by(usize::try_from(per_call)?);
    stream::iter(firsts)
        .map(send)
        .buffer_unordered(SENDERS)
        .try_collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_events_of_their_own() {
        let id = |number| {
            let events = oss::event::parse(body(number, 0).as_bytes()).unwrap();
            assert!(events[0].address().is_ok());
            events[0].request_id.clone()
        };
        assert_ne!(id(1), id(2));
    }

    #[test]
    fn padding_fills_a_message() {
        let limit = 64 * 1024;
        let length = body(u64::MAX, padding_for(limit)).len();
        assert!((limit - 200..=limit).contains(&length), "{length}");
    }
}
