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
pub(super) struct Findings(Vec<String>);

impl Findings {
    /// Adds a finding in words of its own.
    pub(super) fn add(&mut self, finding: String) {
        self.0.push(finding);
    }

    /// Reads a setting that may be absent; `expected` completes "it must be ...".
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        text: Option<&str>,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = present(text)?;
        let value = parse(text);
        if value.is_none() {
            self.add(format!(
                "`{name}` is {}: it must be {expected}",
                shown(text)
            ));
        }
        value
    }

    /// Reads a number within bounds, or takes the default.
    pub(super) fn number(
        &mut self,
        name: &str,
        text: Option<&str>,
        (least, most): (u64, u64),
        default: u64,
    ) -> u64 {
        let expected = format!("a number from {least} to {most}");
        let parse = |text: &str| {
            text.parse()
                .ok()
                .filter(|number| (least..=most).contains(number))
        };
        self.optional(name, text, &expected, parse)
            .unwrap_or(default)
    }

    /// Reads a duration within bounds, or takes the default.
    pub(super) fn duration(
        &mut self,
        name: &str,
        text: Option<&str>,
        (least, most): (Duration, Duration),
        default: Duration,
    ) -> Duration {
        let expected = format!(
            "an ISO 8601 duration such as `PT90S`, from {} to {} seconds",
            least.as_secs(),
            most.as_secs()
        );
        let parse = |text: &str| {
            let duration = Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()?;
            (least..=most).contains(&duration).then_some(duration)
        };
        self.optional(name, text, &expected, parse)
            .unwrap_or(default)
    }

    /// Reads names separated by commas; none means no restriction.
    pub(super) fn names<T: std::str::FromStr>(
        &mut self,
        name: &str,
        text: Option<&str>,
        expected: &str,
    ) -> Vec<T> {
        let mut names = Vec::new();
        for word in present(text).into_iter().flat_map(|text| text.split(',')) {
            names.extend(self.optional(name, Some(word), expected, |word| word.parse().ok()));
        }
        names
    }

    /// An error if there is anything to report.
    pub(super) fn none(self) -> Result<(), ConfigError> {
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
    let head: String = text.chars().take(SHOWN_CHARS).collect();
    format!("`{}`", head.escape_debug())
}
