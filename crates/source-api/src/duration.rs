//! Lengths of time as Knative writes them: ISO 8601, such as `PT0.2S`.
//!
//! Years and months have no fixed length and are refused; a day has 24 hours.

use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use thiserror::Error;

/// A text that is no length of time. Permanent.
#[derive(Debug, Error)]
#[error("`{text}` is not an ISO 8601 duration such as `PT0.5S`")]
pub struct DurationError {
    text: String,
    #[source]
    source: Option<jiff::Error>,
}

/// Reads an ISO 8601 duration of days, hours, minutes and seconds.
///
/// # Errors
/// Permanent: not such a text, or negative.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let refuse = |source| DurationError {
        text: text.chars().take(64).collect(),
        source,
    };
    // The parser also takes `1h 30m`, which Knative does not.
    if !text.starts_with('P') {
        return Err(refuse(None));
    }
    let span: Span = text.parse().map_err(|error| refuse(Some(error)))?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(refuse(None));
    }
    let duration = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|error| refuse(Some(error)))?;
    Duration::try_from(duration).map_err(|error| refuse(Some(error)))
}

/// Writes a duration in hours, minutes and seconds: never days, which not every reader takes.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    SignedDuration::try_from(duration)
        .unwrap_or(SignedDuration::MAX)
        .to_string()
}
