//! The wrappings of an event document, taken off one by one.
//!
//! The publisher decides about base64, the subscription about a `Notification`, EventBridge
//! about a CloudEvent, and a program in between about a string of JSON. Any of them may hold
//! any other.

use std::borrow::Cow;
use std::ops::Range;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use jiff::Timestamp;
use mns::notification;

use super::fields::fields;
use super::value;
use super::{Event, EventError};

/// Standard alphabet; takes base64 with and without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The attributes of a CloudEvent around the document that describe the event in it.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) id: Option<String>,
    pub(super) time: Option<Timestamp>,
}

impl Envelope {
    /// Fills in what the event itself leaves out.
    pub(super) fn complete(&self, event: Event) -> Event {
        let request_id = event.request_id.filter(|id| !id.is_empty());
        Event {
            request_id: request_id.or_else(|| self.id.clone()),
            time: event.time.or(self.time),
            ..event
        }
    }
}

/// What a text turned out to be.
pub(super) enum Layer {
    /// A wrapping with this content.
    Wrapping(String),
    /// The document itself, and where its list of events is in it.
    Document(Option<Range<usize>>),
}

/// The content of `text` if it is a wrapping and not the document itself.
pub(super) fn inner(text: &str, envelope: &mut Envelope) -> Result<Layer, EventError> {
    let content = match text.as_bytes().first() {
        Some(b'{') => return of_object(text, envelope),
        Some(b'<') => published(text).ok_or(EventError::Unrecognised)?,
        Some(b'"') => serde_json::from_str(text).map_err(EventError::json)?,
        _ => of_base64(text)?,
    };
    Ok(Layer::Wrapping(content))
}

/// The data of a CloudEvent, the body of a queue message that EventBridge tells of, or what
/// was published to a topic. Anything else is the document.
fn of_object(text: &str, envelope: &mut Envelope) -> Result<Layer, EventError> {
    let names = [
        "events",
        "eventName",
        "specversion",
        "cloudEventsVersion",
        "data",
        "data_base64",
        "messageBody",
        "Message",
    ];
    let [
        events,
        name,
        version,
        old_version,
        data,
        data_base64,
        message_body,
        message,
    ] = fields(text, names).map_err(EventError::json)?;
    if events.or(name).is_some() {
        return Ok(Layer::Document(events.map(|list| place(list.get(), text))));
    }
    if version.or(old_version).is_some() {
        *envelope = read_envelope(text)?;
        let data = data_base64.or(data).ok_or(EventError::NoData)?;
        return Ok(Layer::Wrapping(data.get().to_owned()));
    }
    if let Some(body) = message_body {
        return Ok(Layer::Wrapping(body.get().to_owned()));
    }
    let published = message.and_then(|_| published(text));
    Ok(published.map_or(Layer::Document(None), Layer::Wrapping))
}

/// Where a part of `text` is in it.
fn place(part: &str, text: &str) -> Range<usize> {
    let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    start..start.wrapping_add(part.len())
}

fn read_envelope(text: &str) -> Result<Envelope, EventError> {
    let names = ["id", "eventID", "time", "eventTime"];
    let [id, old_id, time, old_time] = fields(text, names).map_err(EventError::json)?;
    Ok(Envelope {
        id: value::given(id.or(old_id)),
        time: value::time(time.or(old_time)),
    })
}

/// The message that was published to a topic, out of its notification.
fn published(text: &str) -> Option<String> {
    notification::unwrap(text.as_bytes()).map(Cow::into_owned)
}

fn of_base64(text: &str) -> Result<String, EventError> {
    let decoded = BASE64
        .decode(text)
        .or_else(|_| BASE64.decode(joined(text)))
        .ok();
    decoded
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(EventError::Unrecognised)
}

/// Some encoders break base64 into lines.
fn joined(text: &str) -> Vec<u8> {
    text.bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect()
}

/// The text without a byte order mark and the blanks around it.
pub(super) fn bare(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix('\u{feff}').unwrap_or(text).trim()
}
