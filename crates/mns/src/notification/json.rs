//! The JSON envelope: an object whose values are text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::Notification;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
    topic_owner: Option<Value>,
    topic_name: Option<Value>,
    subscription_name: Option<Value>,
    message_id: Option<Value>,
    message_tag: Option<Value>,
}

pub(super) fn parse(body: &[u8]) -> Option<Notification<'_>> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    // Any document may have a `Message`; one that also names where it comes from is an envelope.
    let origin = [
        &envelope.topic_owner,
        &envelope.topic_name,
        &envelope.subscription_name,
    ];
    if origin.iter().all(|value| value.is_none()) {
        return None;
    }
    Some(Notification {
        message: envelope.message,
        topic_name: text(envelope.topic_name),
        subscription_name: text(envelope.subscription_name),
        message_id: text(envelope.message_id),
        message_tag: text(envelope.message_tag),
    })
}

fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text),
        _ => None,
    }
}
