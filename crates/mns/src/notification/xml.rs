//! The XML envelope.
//!
//! The vendor's own sample misspells its namespace and closes an element with another's tag,
//! so this reader overlooks such faults as long as the message itself is there.

use super::Notification;
use crate::xml::{Document, Leniency, ParseError};

pub(super) fn parse(body: &[u8]) -> Option<Notification<'_>> {
    let (mut document, root) = Document::open(body, Leniency::Lenient).ok()?;
    if root.local() != "Notification" {
        return None;
    }
    let mut message = None;
    let (mut topic_name, mut subscription_name) = (None, None);
    let (mut message_id, mut message_tag) = (None, None);
    let rest = document.children(|document, name| {
        match name {
            "Message" => message = Some(document.text()?),
            "TopicName" => topic_name = document.value()?,
            "SubscriptionName" => subscription_name = document.value()?,
            "MessageId" => message_id = document.value()?,
            "MessageTag" => message_tag = document.value()?,
            _ => document.skip()?,
        }
        Ok::<_, ParseError>(())
    });
    if matches!(rest, Err(ParseError::DocumentType | ParseError::TooDeep)) {
        return None;
    }
    Some(Notification {
        message: message?,
        topic_name,
        subscription_name,
        message_id,
        message_tag,
    })
}
