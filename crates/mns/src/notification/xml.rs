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
            "TopicName" => topic_name = text(document)?,
            "SubscriptionName" => subscription_name = text(document)?,
            "MessageId" => message_id = text(document)?,
            "MessageTag" => message_tag = text(document)?,
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

fn text(document: &mut Document<'_>) -> Result<Option<String>, ParseError> {
    let text = document.trimmed()?;
    Ok((!text.is_empty()).then(|| text.into_owned()))
}
