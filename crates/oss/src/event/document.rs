//! From the bytes of a message to the text of each event in it: wrappings come off, bounds are
//! enforced. What an event means is not looked at here.

use std::borrow::Cow;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::EventError;

/// Largest document read, in bytes, counted before unwrapping. MNS and EventBridge both stop
/// at 64 KiB; base64 and JSON escapes around that stay far below four times as much.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Most events read from one document. A full 64 KiB message of real events holds about 100.
pub const MAX_EVENTS: usize = 1000;

/// Deepest nesting read. Real documents use 5 levels.
pub const MAX_DEPTH: usize = 32;

/// Most wrappings taken off. The known publishers use up to two (a string of base64).
const MAX_WRAPPINGS: usize = 3;

/// Standard alphabet; takes base64 with and without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Takes wrappings off until a JSON object is left.
pub(super) fn unwrap(document: &[u8]) -> Result<Cow<'_, str>, EventError> {
    let size_bytes = document.len();
    if size_bytes > MAX_DOCUMENT_BYTES {
        return Err(EventError::TooLarge { size_bytes });
    }
    let mut text = text(Cow::Borrowed(document))?;
    for _ in 0..MAX_WRAPPINGS {
        if text.trim_start().starts_with('{') {
            return Ok(text);
        }
        text = inner(&text)?;
    }
    if text.trim_start().starts_with('{') {
        Ok(text)
    } else {
        Err(EventError::Unrecognised)
    }
}

/// What a JSON string or a base64 text holds.
fn inner(text: &str) -> Result<Cow<'static, str>, EventError> {
    if text.trim_start().starts_with('"') {
        let content: String = serde_json::from_str(text).map_err(not_json)?;
        return Ok(Cow::Owned(content));
    }
    let decoded = BASE64
        .decode(text.trim_ascii())
        .or_else(|_| BASE64.decode(joined(text)))
        .map_err(|_| EventError::Unrecognised)?;
    self::text(Cow::Owned(decoded))
}

/// Some encoders break base64 into lines.
fn joined(text: &str) -> Vec<u8> {
    text.bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect()
}

fn text(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, EventError> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
    }
    .ok_or(EventError::Unrecognised)
}

/// The document of a notification. EventBridge's form has no `events`.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    events: Option<Vec<&'a RawValue>>,
}

/// The text of each event in a JSON object: of its `events`, or of the object itself.
pub(super) fn events(text: &str) -> Result<Vec<&str>, EventError> {
    if is_deeper_than(MAX_DEPTH, text) {
        return Err(EventError::TooDeep);
    }
    let document: Document<'_> = serde_json::from_str(text).map_err(not_json)?;
    let Some(events) = document.events else {
        return Ok(vec![text.trim()]);
    };
    let count = events.len();
    if count > MAX_EVENTS {
        return Err(EventError::TooMany { count });
    }
    Ok(events.into_iter().map(RawValue::get).collect())
}

fn not_json(error: serde_json::Error) -> EventError {
    EventError::Json {
        source: error.into(),
    }
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
