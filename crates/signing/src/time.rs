//! The forms in which the schemes write a time, always UTC and whole seconds.
//!
//! Parsers take the forms that official SDKs send, and return `None` for anything else.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// `Mon, 06 May 2024 07:08:09 GMT`, the form of `Date` headers.
#[must_use]
pub fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The reverse of [`http_date`]; also takes the two obsolete forms of RFC 9110.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
}

/// `20240506T070809Z`, the form of `x-oss-date`.
#[must_use]
pub fn iso_basic(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The reverse of [`iso_basic`].
#[must_use]
pub fn parse_iso_basic(text: &str) -> Option<Timestamp> {
    utc(DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?)
}

/// `2024-05-06T07:08:09Z`, the form of `x-acs-date` and of the RPC `Timestamp`.
#[must_use]
pub fn iso_extended(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The reverse of [`iso_extended`].
#[must_use]
pub fn parse_iso_extended(text: &str) -> Option<Timestamp> {
    utc(DateTime::strptime("%Y-%m-%dT%H:%M:%SZ", text).ok()?)
}

/// `20240506`, the date of a credential scope.
pub(crate) fn scope_date(time: Timestamp) -> String {
    time.strftime("%Y%m%d").to_string()
}

fn utc(civil: DateTime) -> Option<Timestamp> {
    civil
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}
