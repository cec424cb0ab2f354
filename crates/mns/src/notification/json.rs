//! The JSON envelope: an object whose values are text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Notification;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    topic_owner: Option<&'a RawValue>,
    #[serde(borrow)]
    topic_name: Option<&'a RawValue>,
    #[serde(borrow)]
    subscription_name: Option<&'a RawValue>,
    #[serde(borrow)]
    message_id: Option<&'a RawValue>,
    #[serde(borrow)]
    message_tag: Option<&'a RawValue>,
}

pub(super) fn parse(body: &[u8]) -> Option<Notification<'_>> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    // Any document may have a `Message`; one that also names where it comes from is an envelope.
    let origin = envelope.topic_owner.or(envelope.topic_name);
    origin.or(envelope.subscription_name)?;
    Some(Notification {
        message: envelope.message,
        topic_name: text(envelope.topic_name),
        subscription_name: text(envelope.subscription_name),
        message_id: text(envelope.message_id),
        message_tag: text(envelope.message_tag),
    })
}

/// The text, if it is one.
fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}
