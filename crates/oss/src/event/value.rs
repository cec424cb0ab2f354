//! Reads single values leniently: a string and a number can be the same value, because publishers
//! differ in what they write. A value that is neither counts as absent.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;

/// Numbers below are seconds, the others milliseconds: in seconds it is the year 5138, in
/// milliseconds 1973.
const FIRST_MILLISECONDS: u64 = 100_000_000_000;

/// The text of a string or a number.
pub(super) fn text(value: Option<&RawValue>) -> Option<String> {
    let raw = value?.get();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

/// The text, unless it is empty.
pub(super) fn given(value: Option<&RawValue>) -> Option<String> {
    text(value).filter(|text| !text.is_empty())
}

/// A value in the form that its type parses.
pub(super) fn parsed<T: FromStr>(value: Option<&RawValue>) -> Option<T> {
    text(value)?.trim().parse().ok()
}

/// A time in RFC 3339, in seconds or in milliseconds since the epoch.
pub(super) fn time(value: Option<&RawValue>) -> Option<Timestamp> {
    let text = text(value)?;
    let text = text.trim();
    text.parse().ok().or_else(|| since_epoch(text))
}

fn since_epoch(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(count) if count.unsigned_abs() < FIRST_MILLISECONDS => Timestamp::from_second(count),
        Ok(count) => Timestamp::from_millisecond(count),
        Err(_) => {
            let since = SignedDuration::try_from_secs_f64(text.parse().ok()?).ok()?;
            Timestamp::from_duration(since)
        }
    }
    .ok()
}
