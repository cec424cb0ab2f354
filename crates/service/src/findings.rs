//! Collects rules between settings that do not hold, so that all of them can be told at once.
//! What is wrong with a single setting is told by [`settings`](crate::settings).

use thiserror::Error;
use url::Url;

/// How much of a bad value is repeated.
const SHOWN_CHARS: usize = 80;

/// Settings that contradict each other. Permanent.
#[derive(Debug, Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

/// The findings so far.
#[derive(Debug, Default)]
pub struct Findings(Vec<String>);

impl Findings {
    /// Adds a finding.
    pub fn add(&mut self, finding: String) {
        self.0.push(finding);
    }

    /// Ends the search.
    ///
    /// # Errors
    /// Permanent, if there is anything to report.
    pub fn none(self) -> Result<(), ConfigError> {
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

/// The text without blanks around it, unless nothing is left: deployments set variables to
/// nothing to say "not set".
#[must_use]
pub(crate) fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// An absolute URL that a request can be sent to.
#[must_use]
pub fn http_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// The value in backticks; not at all if it may be a URL with a password or a secret query.
pub(crate) fn shown(text: &str) -> String {
    if text.contains('@') || (text.contains("//") && text.contains('?')) {
        return "not valid".to_owned();
    }
    let head = text.chars().take(SHOWN_CHARS);
    let printable: String = head.map(|c| if c.is_control() { '?' } else { c }).collect();
    format!("`{printable}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_is_told() {
        let mut found = Findings::default();
        found.add("`A` and `B` exclude each other".to_owned());
        found.add("`C` is larger than `D`".to_owned());
        let error = found.none().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`A` and `B` exclude each other; `C` is larger than `D`"
        );
        Findings::default().none().unwrap();
    }

    #[test]
    fn bad_values_are_shown_short_and_without_secrets() {
        let long = "x".repeat(100);
        let table = [
            ("long", long.as_str(), format!("`{}`", "x".repeat(80))),
            ("control characters", "a\nb", "`a?b`".to_owned()),
            ("a password", "http://u:p@h/", "not valid".to_owned()),
            ("a secret query", "ftp://h/?key=s", "not valid".to_owned()),
        ];
        for (name, text, expected) in table {
            assert_eq!(shown(text), expected, "{name}");
        }
    }

    #[test]
    fn urls_are_of_http_and_have_a_host() {
        let table = [
            ("plain", "http://host:80/path", true),
            ("TLS", "https://host", true),
            ("another scheme", "ftp://host/", false),
            ("no host", "http:", false),
            ("relative", "/path", false),
        ];
        for (name, text, expected) in table {
            assert_eq!(http_url(text).is_some(), expected, "{name}");
        }
    }
}
