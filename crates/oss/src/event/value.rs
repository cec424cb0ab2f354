//! Reads single values leniently: a string and a number can be the same value, because publishers
//! differ in what they write. A value that is neither counts as absent.

use std::borrow::Cow;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use memchr::memchr;
use serde_json::value::RawValue;

/// Numbers below are seconds, the others milliseconds: in seconds it is the year 5138, in
/// milliseconds 1973.
const FIRST_MILLISECONDS: u64 = 100_000_000_000;

/// When the year 0 began, in seconds since the epoch.
const YEAR_0: i64 = -62_167_219_200;

/// The text of a string or a number.
pub(super) fn text(value: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let value = value?;
    match value.get().as_bytes().first()? {
        b'"' => string(value).ok(),
        b'-' | b'0'..=b'9' => Some(Cow::Borrowed(value.get())),
        _ => None,
    }
}

/// What a JSON string stands for.
pub(super) fn string(value: &RawValue) -> serde_json::Result<Cow<'_, str>> {
    let raw = value.get();
    let quoted = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    match quoted {
        // Without escapes it stands for itself.
        Some(text) if memchr(b'\\', text.as_bytes()).is_none() => Ok(Cow::Borrowed(text)),
        _ => serde_json::from_str(raw).map(Cow::Owned),
    }
}

/// The text, to be kept.
pub(super) fn owned(value: Option<&RawValue>) -> Option<String> {
    text(value).map(Cow::into_owned)
}

/// The text, unless it is empty.
pub(super) fn given(value: Option<&RawValue>) -> Option<Cow<'_, str>> {
    text(value).filter(|text| !text.is_empty())
}

/// A value in the form that its type parses.
pub(super) fn parsed<T: FromStr>(value: Option<&RawValue>) -> Option<T> {
    text(value)?.trim().parse().ok()
}

/// A time in RFC 3339, in seconds or in milliseconds since the epoch. One before the year 0 counts as
/// absent, because RFC 3339 cannot write it.
pub(super) fn time(value: Option<&RawValue>) -> Option<Timestamp> {
    let text = text(value)?;
    let text = text.trim();
    let time: Option<Timestamp> = text.parse().ok().or_else(|| since_epoch(text));
    time.filter(|time| time.as_second() >= YEAR_0)
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
