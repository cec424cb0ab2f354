//! Unwraps a message down to each event in it, within bounds.

use std::borrow::Cow;

use memchr::memchr2_iter;
use serde_json::value::RawValue;

use super::layer::{Envelope, Layer, bare, inner};
use super::{Event, EventError, wire};

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

/// Reads the events of a document, in whatever wrappings.
pub(super) fn read(document: &[u8]) -> Result<Vec<Event>, EventError> {
    let size_bytes = document.len();
    if size_bytes > MAX_DOCUMENT_BYTES {
        return Err(EventError::TooLarge { size_bytes });
    }
    let text = std::str::from_utf8(document).map_err(|_| EventError::Unrecognised)?;
    let mut text = Cow::Borrowed(text);
    let mut envelope = Envelope::default();
    for _ in 0..=MAX_WRAPPINGS {
        let bare = bare(&text);
        if let Some(events) = plain_list(bare) {
            return Ok(envelope.complete(events));
        }
        match inner(bare, &mut envelope)? {
            Layer::Wrapping(inner) => text = Cow::Owned(inner),
            Layer::Document(list) => {
                return events(bare, list).map(|events| envelope.complete(events));
            }
        }
    }
    Err(EventError::Unrecognised)
}

/// The events of a document that is a list of them and nothing else, read in one pass: the form in
/// which OSS publishes them. `None` if anything about it is odd.
fn plain_list(document: &str) -> Option<Vec<Event>> {
    let mut list = behind(document, &["{", r#""events""#, ":", "["])?;
    if is_deeper_than(MAX_DEPTH, document) {
        return None;
    }
    // Nearly always it is one.
    let mut events = Vec::with_capacity(1);
    loop {
        let (event, rest) = wire::leading(list)?;
        events.push(event);
        list = match behind(rest, &[","]) {
            Some(next) if events.len() < MAX_EVENTS => next,
            _ => return behind(rest, &["]", "}"])?.is_empty().then_some(events),
        };
    }
}

/// The text behind these tokens and the blanks around them.
fn behind<'a>(text: &'a str, tokens: &[&str]) -> Option<&'a str> {
    let blanks = [' ', '\t', '\n', '\r'];
    tokens.iter().try_fold(text, |text, token| {
        let text = text.trim_start_matches(blanks).strip_prefix(token)?;
        Some(text.trim_start_matches(blanks))
    })
}

/// The events of a JSON object: of its `events`, or of the object itself. EventBridge's form has no
/// `events`.
fn events(document: &str, list: Option<&str>) -> Result<Vec<Event>, EventError> {
    if is_deeper_than(MAX_DEPTH, document) {
        return Err(EventError::TooDeep);
    }
    let Some(list) = list else {
        return Ok(vec![wire::read(0, document)?]);
    };
    let events: Vec<&RawValue> = serde_json::from_str(list).map_err(EventError::json)?;
    let count = events.len();
    if count > MAX_EVENTS {
        return Err(EventError::TooMany { count });
    }
    let events = events.into_iter().enumerate();
    events
        .map(|(index, event)| wire::read(index, event.get()))
        .collect()
}

/// Whether brackets outside strings nest deeper than this.
///
/// The JSON parser skips unknown values at any depth; whoever an event is passed on to might
/// recurse into them.
fn is_deeper_than(limit: usize, text: &str) -> bool {
    // So few brackets cannot nest deeper, whatever they stand for; counting is quick.
    if memchr2_iter(b'{', b'[', text.as_bytes())
        .nth(limit)
        .is_none()
    {
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
