//! Messages as they are sent and received.
//!
//! Bodies are text and are handed over exactly as the sender wrote them; whether they are base64
//! of something is between sender and receiver.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use md5::{Digest, Md5};

use crate::limits::{Delay, Priority};
use crate::receipt::ReceiptHandle;

/// A message to be sent to a queue.
#[derive(Clone, PartialEq, Eq)]
pub struct SendMessage {
    /// The body; at most as long as the queue allows, 64 KiB unless it says less. Characters
    /// that XML cannot carry make the send fail.
    pub body: String,
    /// How long the message stays hidden at first; the queue's own delay when absent.
    pub delay: Option<Delay>,
    /// The rank among the messages of the queue; 8 when absent.
    pub priority: Option<Priority>,
}

impl SendMessage {
    /// A message with the queue's delay and the usual priority.
    #[must_use]
    pub fn new(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            delay: None,
            priority: None,
        }
    }
}

/// Tells the length of the body and not the body.
impl fmt::Debug for SendMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMessage")
            .field("body_bytes", &self.body.len())
            .field("delay", &self.delay)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

/// What MNS says about a message that it stored or published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// The id that MNS gave the message.
    pub id: String,
    /// The digest of the body that MNS stored.
    pub body_md5: Option<BodyMd5>,
    /// The handle of a delayed message, with which it can be deleted before it appears.
    pub receipt_handle: Option<ReceiptHandle>,
}

/// A message received, and hidden from others until [`next_visible_time`](Self::next_visible_time).
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The id, the same in every delivery.
    pub id: String,
    /// The body: UTF-8 text, exactly as sent.
    pub body: Bytes,
    /// The digest of the body according to MNS.
    pub body_md5: Option<BodyMd5>,
    /// The handle of this delivery.
    pub receipt_handle: ReceiptHandle,
    /// When the message was sent.
    pub enqueue_time: Option<Timestamp>,
    /// When the message was received for the first time.
    pub first_dequeue_time: Option<Timestamp>,
    /// When the message becomes visible again and the handle dies.
    pub next_visible_time: Option<Timestamp>,
    /// How often the message was received, this time included; 0 when MNS did not say.
    pub dequeue_count: u32,
    /// The rank among the messages of the queue, 1 first.
    pub priority: Option<u32>,
}

impl Message {
    /// Whether the body is the one MNS stored.
    #[must_use]
    pub fn body_integrity(&self) -> BodyIntegrity {
        BodyIntegrity::of(&self.body, self.body_md5.as_ref())
    }

    /// The bytes of everything in it whose length is not fixed.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let digest = self.body_md5.as_ref().map_or("", BodyMd5::as_str);
        [
            self.id.len(),
            self.body.len(),
            self.receipt_handle.as_str().len(),
            digest.len(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

/// Tells the length of the body and not the body.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("body_bytes", &self.body.len())
            .field("receipt_handle", &self.receipt_handle)
            .field("dequeue_count", &self.dequeue_count)
            .field("enqueue_time", &self.enqueue_time)
            .field("next_visible_time", &self.next_visible_time)
            .finish_non_exhaustive()
    }
}

/// A message looked at without receiving it.
#[derive(Clone, PartialEq, Eq)]
pub struct PeekedMessage {
    /// The id, the same in every delivery.
    pub id: String,
    /// The body: UTF-8 text, exactly as sent.
    pub body: Bytes,
    /// The digest of the body according to MNS.
    pub body_md5: Option<BodyMd5>,
    /// When the message was sent.
    pub enqueue_time: Option<Timestamp>,
    /// When the message was received for the first time.
    pub first_dequeue_time: Option<Timestamp>,
    /// How often the message was received so far.
    pub dequeue_count: u32,
    /// The rank among the messages of the queue, 1 first.
    pub priority: Option<u32>,
}

impl PeekedMessage {
    /// Whether the body is the one MNS stored.
    #[must_use]
    pub fn body_integrity(&self) -> BodyIntegrity {
        BodyIntegrity::of(&self.body, self.body_md5.as_ref())
    }
}

/// Tells the length of the body and not the body.
impl fmt::Debug for PeekedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeekedMessage")
            .field("id", &self.id)
            .field("body_bytes", &self.body.len())
            .field("dequeue_count", &self.dequeue_count)
            .field("enqueue_time", &self.enqueue_time)
            .finish_non_exhaustive()
    }
}

/// What a change of visibility leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visibility {
    /// The new handle. The one that was used is dead.
    pub receipt_handle: ReceiptHandle,
    /// When the message becomes visible again.
    pub next_visible_time: Option<Timestamp>,
}

/// The MD5 digest of a body as MNS states it, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyMd5(String);

impl BodyMd5 {
    /// Takes a digest as MNS wrote it.
    #[must_use]
    pub fn new(digest: impl Into<String>) -> Self {
        Self(digest.into())
    }

    /// The digest as MNS wrote it, normally in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the digest of `body`.
    #[must_use]
    pub fn is_of(&self, body: &[u8]) -> bool {
        let stated = self.0.as_bytes();
        let digest = Md5::digest(body);
        stated.len() == 2 * digest.len()
            && stated.chunks(2).zip(digest).all(|(digits, byte)| {
                let text = std::str::from_utf8(digits).ok();
                text.and_then(|text| u8::from_str_radix(text, 16).ok()) == Some(byte)
            })
    }
}

impl fmt::Display for BodyMd5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a body relates to the digest that came with it.
///
/// No documentation says which text the digest covers when a sender encoded the body, so a
/// difference is reported, not treated as a failure. The digest is computed when asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyIntegrity {
    /// The digest is that of the body.
    Intact,
    /// The digest is that of something else.
    Different,
    /// No digest came with the body.
    Unstated,
}

impl BodyIntegrity {
    fn of(body: &[u8], digest: Option<&BodyMd5>) -> Self {
        match digest {
            None => Self::Unstated,
            Some(digest) if digest.is_of(body) => Self::Intact,
            Some(_) => Self::Different,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_compared_without_regard_to_case() {
        let cases = [
            ("as MNS writes it", "900150983CD24FB0D6963F7D28E17F72", true),
            ("lower case", "900150983cd24fb0d6963f7d28e17f72", true),
            ("another digest", "000150983CD24FB0D6963F7D28E17F72", false),
            ("cut short", "900150983CD24FB0D6963F7D28E17F", false),
            ("empty", "", false),
            ("not hexadecimal", "900150983CD24FB0D6963F7D28E17F7é", false),
            ("signs", "+0+150983CD24FB0D6963F7D28E17F72", false),
        ];
        for (name, digest, expected) in cases {
            assert_eq!(BodyMd5::new(digest).is_of(b"abc"), expected, "{name}");
        }
    }
}
