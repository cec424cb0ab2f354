//! A message at rest, and what a receiver sees of it.
//!
//! Bodies are shared, not copied: between the queues a topic fans out to, and between a
//! queue and the answers that carry them.

use std::sync::Arc;

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::handle::{ReceiptHandle, ResourceId};
use super::millis::Millis;

/// The most urgent priority.
pub(crate) const HIGHEST_PRIORITY: u8 = 1;
/// The least urgent priority.
pub(crate) const LOWEST_PRIORITY: u8 = 16;
/// The priority of a message that names none.
pub(crate) const DEFAULT_PRIORITY: u8 = 8;

/// The number of a message in its queue: later messages have higher ones, none is used twice.
pub(crate) type Sequence = u64;

/// The text of a message with its checksum.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Body {
    text: Arc<str>,
    md5: [u8; 16],
}

impl Body {
    /// Takes the text exactly as it was sent; base64 stays base64.
    pub(crate) fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let md5 = Md5::digest(text.as_bytes()).into();
        Self { text, md5 }
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Upper-case hexadecimal MD5 of the text.
    pub(crate) fn md5(&self) -> String {
        format!("{:032X}", u128::from_be_bytes(self.md5))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl Serialize for Body {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Optional parts of a message beside its body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extras {
    /// `MessageGroupId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    /// `UserProperties`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) user: Vec<Property>,
    /// `SystemProperties`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) system: Vec<Property>,
}

impl Extras {
    /// `None` when there is nothing to keep.
    pub(crate) fn into_kept(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

/// One entry of the user or system properties, passed through as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Property {
    /// Its name.
    pub(crate) name: String,
    /// Its value; base64 for the type `BINARY`.
    pub(crate) value: String,
    /// Its type, for example `STRING`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// A message to be sent: checked, but not yet in any queue.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) body: Body,
    /// Seconds until it can be received; the queue's own delay when `None`.
    pub(crate) delay_seconds: Option<u32>,
    pub(crate) priority: u8,
    pub(crate) extras: Option<Box<Extras>>,
}

impl Draft {
    /// A message that says nothing but its body.
    pub(crate) fn plain(body: Body) -> Self {
        Self {
            body,
            delay_seconds: None,
            priority: DEFAULT_PRIORITY,
            extras: None,
        }
    }
}

/// A message in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) body: Body,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extras: Option<Box<Extras>>,
    pub(crate) enqueued: Millis,
    pub(crate) priority: u8,
    pub(crate) delivery: Delivery,
}

/// How far the delivery of a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// When it can be received, or could first be.
    pub(crate) visible_at: Millis,
    /// When it was first received; meaningless while `dequeue_count` is 0.
    pub(crate) first_dequeued: Millis,
    /// How often it was received.
    pub(crate) dequeue_count: u32,
    /// Counts the receipt handles given out; only the last one is good.
    pub(crate) generation: u32,
}

impl Delivery {
    /// Of a message that was never received.
    pub(crate) fn none(visible_at: Millis, enqueued: Millis) -> Self {
        Self {
            visible_at,
            first_dequeued: enqueued,
            dequeue_count: 0,
            generation: 0,
        }
    }

    /// After one more receive.
    pub(crate) fn received(self, visible_at: Millis, now: Millis) -> Self {
        Self {
            visible_at,
            first_dequeued: if self.dequeue_count == 0 {
                now
            } else {
                self.first_dequeued
            },
            dequeue_count: self.dequeue_count.saturating_add(1),
            generation: self.generation.wrapping_add(1),
        }
    }
}

/// A message with what names it, as handed to a receiver or a peeker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueuedMessage {
    pub(crate) queue: ResourceId,
    pub(crate) sequence: Sequence,
    pub(crate) message: Message,
}

impl QueuedMessage {
    /// The id that stays with the message from its send to its end.
    pub(crate) fn id(&self) -> MessageId {
        MessageId {
            origin: self.queue,
            at: self.message.enqueued,
            sequence: self.sequence,
        }
    }

    /// The handle of the delivery in progress.
    pub(crate) fn receipt_handle(&self) -> ReceiptHandle {
        ReceiptHandle {
            queue: self.queue,
            sequence: self.sequence,
            generation: self.message.delivery.generation,
        }
    }
}

/// Names a message; printed in the shape MNS prints its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageId {
    pub(crate) origin: ResourceId,
    pub(crate) at: Millis,
    pub(crate) sequence: Sequence,
}

impl std::fmt::Display for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:016X}-1-{:X}-{:09X}",
            self.origin.0, self.at.0, self.sequence
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5_is_upper_case_hex_of_the_text_as_sent() {
        assert_eq!(
            Body::new("c2Vjb25k").md5(),
            "476224B69D79F59ED66B824AC4AD0FAB"
        );
    }

    #[test]
    fn extras_without_content_are_not_kept() {
        assert_eq!(Extras::default().into_kept(), None);
        let grouped = Extras {
            group: Some("a".to_owned()),
            ..Extras::default()
        };
        assert!(grouped.into_kept().is_some());
    }

    #[test]
    fn id_has_the_shape_of_the_service() {
        let id = MessageId {
            origin: ResourceId(0x5F29_0C92),
            at: Millis(1_714_979_289_000),
            sequence: 1,
        };
        assert_eq!(id.to_string(), "000000005F290C92-1-18F4CBB37A8-000000001");
    }
}
