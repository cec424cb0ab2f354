//! Unwraps a message down to the text of each event in it, within bounds. Does not read the
//! events.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use super::EventError;
use super::layer::{Envelope, Layer, bare, inner};

/// Largest document read, in bytes, counted before unwrapping. MNS and EventBridge both stop
/// at 64 KiB; base64 and JSON escapes around that stay far below four times as much.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Most events read from one document. A full 64 KiB message of real events holds about 100.
pub const MAX_EVENTS: usize = 1000;

/// Deepest nesting read. Real documents use 5 levels.
pub const MAX_DEPTH: usize = 32;

/// Most wrappings taken off. A message to a topic in base64, in a notification in base64, of
/// which EventBridge tells in a CloudEvent with its data in base64, has seven.
pub const MAX_WRAPPINGS: usize = 8;

/// A document without its wrappings.
pub(super) struct Unwrapped<'a> {
    text: Cow<'a, str>,
    /// Where its list of events is, without the blanks around the text; an event alone has none.
    list: Option<Range<usize>>,
    /// What the wrappings say about the events.
    pub(super) envelope: Envelope,
}

/// Unwraps until only the document is left.
pub(super) fn unwrap(document: &[u8]) -> Result<Unwrapped<'_>, EventError> {
    let size_bytes = document.len();
    if size_bytes > MAX_DOCUMENT_BYTES {
        return Err(EventError::TooLarge { size_bytes });
    }
    let text = std::str::from_utf8(document).map_err(|_| EventError::Unrecognised)?;
    let mut text = Cow::Borrowed(text);
    let mut envelope = Envelope::default();
    for _ in 0..=MAX_WRAPPINGS {
        match inner(bare(&text), &mut envelope)? {
            Layer::Wrapping(inner) => text = Cow::Owned(inner),
            Layer::Document(list) => {
                return Ok(Unwrapped {
                    text,
                    list,
                    envelope,
                });
            }
        }
    }
    Err(EventError::Unrecognised)
}

/// The text of each event in a JSON object: of its `events`, or of the object itself.
/// EventBridge's form has no `events`.
pub(super) fn events<'a>(document: &'a Unwrapped<'_>) -> Result<Vec<&'a str>, EventError> {
    let text = bare(&document.text);
    if is_deeper_than(MAX_DEPTH, text) {
        return Err(EventError::TooDeep);
    }
    let list = document.list.clone().and_then(|place| text.get(place));
    let Some(list) = list else {
        return Ok(vec![text]);
    };
    let events: Vec<&RawValue> = serde_json::from_str(list).map_err(EventError::json)?;
    let count = events.len();
    if count > MAX_EVENTS {
        return Err(EventError::TooMany { count });
    }
    Ok(events.into_iter().map(RawValue::get).collect())
}

/// Whether brackets outside strings nest deeper than this.
///
/// The JSON parser skips unknown values at any depth; whoever an event is passed on to might
/// recurse into them.
fn is_deeper_than(limit: usize, text: &str) -> bool {
    // So few brackets cannot nest deeper, whatever they stand for; counting is quick.
    let is_opening = |byte: &u8| matches!(byte, b'{' | b'[');
    if text.bytes().filter(|byte| is_opening(byte)).count() <= limit {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}
