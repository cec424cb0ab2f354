//! Whether a response calls for another attempt.
//!
//! Statuses are classified here once for all clients. A client whose service says more in the
//! body classifies whole responses itself: see [`Call::classify`](crate::Call::classify).

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// Whether a response calls for another attempt of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryClass {
    /// A success, or a refusal that another attempt would get again.
    Final,
    /// The service did nothing, because there were too many requests.
    Throttled,
    /// A fault of the service, which may or may not have acted.
    Transient,
}

/// Classifies a status: 429 is throttling; 500, 502, 503 and 504 are transient; the rest is final.
#[must_use]
pub fn classify_status(status: StatusCode) -> RetryClass {
    match status.as_u16() {
        429 => RetryClass::Throttled,
        500 | 502 | 503 | 504 => RetryClass::Transient,
        _ => RetryClass::Final,
    }
}

/// The wait that a `Retry-After` header asks for, in either of its two forms (RFC 9110,
/// 10.2.3): whole seconds, or a date, of which the distance from `now` is taken. A date
/// in the past asks for no wait. What cannot be read is as good as absent.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn statuses(wanted: RetryClass) -> Vec<u16> {
        let all = (100..600).filter_map(|code| StatusCode::from_u16(code).ok());
        all.filter(|&status| classify_status(status) == wanted)
            .map(|status| status.as_u16())
            .collect()
    }

    #[test]
    fn exactly_these_statuses_are_retried() {
        assert_eq!(statuses(RetryClass::Transient), [500, 502, 503, 504]);
        assert_eq!(statuses(RetryClass::Throttled), [429]);
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now: Timestamp = "2024-05-06T07:08:09Z".parse().unwrap();
        let cases = [
            ("seconds", "120", Some(120)),
            ("blanks", " 3 ", Some(3)),
            ("zero", "0", Some(0)),
            ("a date to come", "Mon, 06 May 2024 07:08:39 GMT", Some(30)),
            (
                "a date that is past",
                "Mon, 06 May 2024 07:00:00 GMT",
                Some(0),
            ),
            ("negative", "-1", None),
            ("a fraction", "1.5", None),
            ("too many digits", "99999999999999999999", None),
            ("words", "soon", None),
            ("nothing", "", None),
        ];
        for (name, value, expected) in cases {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
            assert_eq!(
                retry_after(&headers, now),
                expected.map(Duration::from_secs),
                "{name}"
            );
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None, "absent");
    }
}
