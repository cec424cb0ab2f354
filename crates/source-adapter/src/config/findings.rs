//! Collects what is wrong with the settings, so that all of it can be told at once.

use std::time::Duration;

use jiff::SignedDuration;
use thiserror::Error;

/// How much of a bad value is repeated.
const SHOWN_CHARS: usize = 80;

/// Settings that are missing or bad. Permanent.
#[derive(Debug, Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

/// What has been found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<String>);

impl Findings {
    /// Reads a setting that must be there; `expected` completes "set it to ...".
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        text: Option<&str>,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if present(text).is_none() {
            self.0
                .push(format!("`{name}` is missing: set it to {expected}"));
        }
        self.optional(name, text, expected, parse)
    }

    /// Reads a setting that may be absent; `expected` completes "it must be ...".
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        text: Option<&str>,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = present(text)?;
        let value = parse(text);
        if value.is_none() {
            self.0.push(format!(
                "`{name}` is {}: it must be {expected}",
                shown(text)
            ));
        }
        value
    }

    /// Reads a number within bounds that may be absent.
    pub(crate) fn number(
        &mut self,
        name: &str,
        text: Option<&str>,
        (least, most): (usize, usize),
    ) -> Option<usize> {
        let expected = format!("a number from {least} to {most}");
        self.optional(name, text, &expected, |text| {
            text.parse()
                .ok()
                .filter(|number| (least..=most).contains(number))
        })
    }

    /// Reads an ISO 8601 duration that may be absent.
    pub(crate) fn duration(&mut self, name: &str, text: Option<&str>) -> Option<Duration> {
        self.optional(
            name,
            text,
            "an ISO 8601 duration such as `PT1.5S`",
            |text| Duration::try_from(text.parse::<SignedDuration>().ok()?).ok(),
        )
    }

    /// An error if there is anything to report.
    pub(crate) fn none(self) -> Result<(), ConfigError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.into())
        }
    }
}

impl From<Findings> for ConfigError {
    fn from(found: Findings) -> Self {
        Self(found.0)
    }
}

/// The text, unless it is empty: deployments set variables to nothing to say "not set".
pub(super) fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The value in backticks; not at all if it may be a URL with a password.
fn shown(text: &str) -> String {
    if text.contains('@') {
        return "not valid".to_owned();
    }
    let head = text.chars().take(SHOWN_CHARS);
    let printable: String = head.map(|c| if c.is_control() { '?' } else { c }).collect();
    format!("`{printable}`")
}
