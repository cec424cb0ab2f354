//! Values inside elements: numbers, times, switches.
//!
//! An empty element counts as a missing one. Any other text that is not a value of its kind
//! is an error that names the element.

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::xml::{Document, ParseError, SPOILED};

/// The value of the element just started, parsed.
pub(super) fn parsed<T: FromStr>(
    document: &mut Document<'_>,
    element: &'static str,
) -> Result<Option<T>, ParseError> {
    let text = document.trimmed()?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| ParseError::value(element, &text))
}

/// A time in milliseconds since the epoch.
pub(super) fn milliseconds(
    document: &mut Document<'_>,
    element: &'static str,
) -> Result<Option<Timestamp>, ParseError> {
    timestamp(document, element, Timestamp::from_millisecond)
}

/// A time in seconds since the epoch.
pub(super) fn seconds(
    document: &mut Document<'_>,
    element: &'static str,
) -> Result<Option<Timestamp>, ParseError> {
    timestamp(document, element, Timestamp::from_second)
}

fn timestamp(
    document: &mut Document<'_>,
    element: &'static str,
    convert: fn(i64) -> Result<Timestamp, jiff::Error>,
) -> Result<Option<Timestamp>, ParseError> {
    let Some(count) = parsed::<i64>(document, element)? else {
        return Ok(None);
    };
    convert(count)
        .map(Some)
        .map_err(|_| ParseError::value(element, &count.to_string()))
}

/// A span in whole seconds.
pub(super) fn duration(
    document: &mut Document<'_>,
    element: &'static str,
) -> Result<Option<Duration>, ParseError> {
    Ok(parsed(document, element)?.map(Duration::from_secs))
}

/// `True` or `False`, in any case.
pub(super) fn switch(
    document: &mut Document<'_>,
    element: &'static str,
) -> Result<Option<bool>, ParseError> {
    let text = document.trimmed()?;
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Err(ParseError::value(element, &text)),
    }
}

/// The exact text of the element just started. It shares no memory with the response, which may
/// be far larger. Where a reference names no character, it holds a byte that UTF-8 never has, so
/// that it cannot be taken for the text that was sent.
pub(super) fn exact(document: &mut Document<'_>) -> Result<Bytes, ParseError> {
    let text = document.text()?;
    Ok(if !text.is_ascii() && text.contains(SPOILED) {
        spoiled(&text)
    } else {
        Bytes::from(text.into_owned())
    })
}

fn spoiled(text: &str) -> Bytes {
    let mut parts = text.split(SPOILED);
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(0xFF);
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.into()
}

/// How a switch is written.
pub(super) fn switch_text(on: bool) -> &'static str {
    if on { "True" } else { "False" }
}
