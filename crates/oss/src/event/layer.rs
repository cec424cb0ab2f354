//! The wrappings of an event document, taken off one by one.
//!
//! The publisher decides about base64, the subscription about a `Notification`, EventBridge
//! about a CloudEvent, and a program in between about a string of JSON. Any of them may hold
//! any other.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig, Simd};
use jiff::Timestamp;
use mns::notification;
use serde_json::value::RawValue;

use super::object::{object, objects};
use super::value;
use super::{Event, EventError};

/// Standard alphabet; takes base64 with and without its padding.
static BASE64: LazyLock<Simd> = LazyLock::new(|| {
    let config = GeneralPurposeConfig::new();
    Simd::standard(config.with_decode_padding_mode(DecodePaddingMode::Indifferent))
});

objects! {
    /// What tells a document from its wrappings.
    struct Outermost {
        events: &'a RawValue = "events",
        name: &'a RawValue = "eventName",
        version: &'a RawValue = "specversion",
        old_version: &'a RawValue = "cloudEventsVersion",
        data: &'a RawValue = "data",
        data_base64: &'a RawValue = "data_base64",
        message_body: &'a RawValue = "messageBody",
        message: &'a RawValue = "Message",
    }

    /// The attributes of a CloudEvent that are read.
    struct Attributes {
        id: &'a RawValue = "id",
        old_id: &'a RawValue = "eventID",
        time: &'a RawValue = "time",
        old_time: &'a RawValue = "eventTime",
    }
}

/// The attributes of a CloudEvent around the document that describe the event in it.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    id: Option<String>,
    time: Option<Timestamp>,
}

impl Envelope {
    /// Fills in what the events themselves leave out.
    pub(super) fn complete(&self, mut events: Vec<Event>) -> Vec<Event> {
        for event in &mut events {
            let is_given = event.request_id.as_ref().is_some_and(|id| !id.is_empty());
            if !is_given {
                event.request_id.clone_from(&self.id);
            }
            event.time = event.time.or(self.time);
        }
        events
    }
}

/// What a text turned out to be.
pub(super) enum Layer<'a> {
    /// A wrapping with this content.
    Wrapping(String),
    /// The document itself, and its list of events; an event alone has none.
    Document(Option<&'a str>),
}

/// The content of `text` if it is a wrapping and not the document itself.
pub(super) fn inner<'a>(text: &'a str, envelope: &mut Envelope) -> Result<Layer<'a>, EventError> {
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
fn of_object<'a>(text: &'a str, envelope: &mut Envelope) -> Result<Layer<'a>, EventError> {
    let Outermost {
        events,
        name,
        version,
        old_version,
        data,
        data_base64,
        message_body,
        message,
    } = object(text).map_err(EventError::json)?;
    if events.or(name).is_some() {
        return Ok(Layer::Document(events.map(RawValue::get)));
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

fn read_envelope(text: &str) -> Result<Envelope, EventError> {
    let Attributes {
        id,
        old_id,
        time,
        old_time,
    } = object(text).map_err(EventError::json)?;
    Ok(Envelope {
        id: value::given(id.or(old_id)).map(Cow::into_owned),
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
