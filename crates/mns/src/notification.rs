//! The envelope in which a topic hands a message to a queue.
//!
//! A subscription in the format `JSON` or `XML` wraps what was published; `SIMPLIFIED` does not.
//! The queue does not tell which format its subscription has, so a body that is not an envelope
//! is an ordinary result and not an error. The message inside is not read: it may be base64.

mod json;
mod xml;

use std::borrow::Cow;

/// A message that came through a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification<'a> {
    /// What was published, exactly.
    pub message: Cow<'a, str>,
    /// Name of the topic.
    pub topic_name: Option<String>,
    /// Name of the subscription.
    pub subscription_name: Option<String>,
    /// Id of the published message; the queue gave its copy another.
    pub message_id: Option<String>,
    /// The tag it was published with.
    pub message_tag: Option<String>,
}

/// Opens an envelope; `None` if the body is not one.
#[must_use]
pub fn parse(body: &[u8]) -> Option<Notification<'_>> {
    let body = body
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(body)
        .trim_ascii();
    match body.first()? {
        b'{' => json::parse(body),
        b'<' => xml::parse(body),
        _ => None,
    }
}

/// What was published, out of its envelope; `None` if the body is not an envelope.
#[must_use]
pub fn unwrap(body: &[u8]) -> Option<Cow<'_, str>> {
    parse(body).map(|notification| notification.message)
}
