//! The text of an error about untrusted input, which ends up in logs and in responses.

use std::error::Error;

/// Longest text of an error with its causes, in bytes: one line of a log.
const LONGEST: usize = 4096;

/// Asserts that neither the error nor a cause of it repeats more than is useful, or anything
/// that is not printable.
pub(crate) fn is_one_short_line(error: &dyn Error) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(text.len() <= LONGEST, "{} bytes: {text}", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
}
