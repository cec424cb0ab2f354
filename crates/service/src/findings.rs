//! Collects what is wrong with a binary's settings, so that all of it can be told at once.
//!
//! Settings come as text, by the name of their variable. What they mean, and what counts when
//! one is absent, is for the binary to say; nothing is read from the environment here.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use thiserror::Error;
use url::Url;

/// How much of a bad value is repeated.
const SHOWN_CHARS: usize = 80;

/// Settings that are missing or bad. Permanent.
#[derive(Debug, Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

/// What has been found so far. An empty text counts as absent everywhere.
#[derive(Debug, Default)]
pub struct Findings(Vec<String>);

impl Findings {
    /// Adds a finding in words of its own.
    pub fn add(&mut self, finding: String) {
        self.0.push(finding);
    }

    /// Reads a setting that must be there; `expected` completes "set it to ...".
    pub fn required<T>(
        &mut self,
        name: &str,
        text: Option<&str>,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if present(text).is_none() {
            self.add(format!("`{name}` is missing: set it to {expected}"));
        }
        self.optional(name, text, expected, parse)
    }

    /// Reads a setting that may be absent; `expected` completes "it must be ...".
    pub fn optional<T>(
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

    /// Reads a number that may be absent, bounds included.
    pub fn number<N: FromStr + PartialOrd + Display>(
        &mut self,
        name: &str,
        text: Option<&str>,
        (least, most): (N, N),
    ) -> Option<N> {
        let expected = format!("a number from {least} to {most}");
        self.optional(name, text, &expected, |text| {
            text.parse()
                .ok()
                .filter(|number| (&least..=&most).contains(&number))
        })
    }

    /// Reads an ISO 8601 duration that may be absent.
    pub fn duration(&mut self, name: &str, text: Option<&str>) -> Option<Duration> {
        let expected = "an ISO 8601 duration such as `PT1.5S`";
        self.optional(name, text, expected, duration)
    }

    /// Reads an ISO 8601 duration that may be absent, bounds included.
    pub fn duration_within(
        &mut self,
        name: &str,
        text: Option<&str>,
        (least, most): (Duration, Duration),
    ) -> Option<Duration> {
        let expected = format!(
            "an ISO 8601 duration such as `PT90S`, from {} to {} seconds",
            least.as_secs(),
            most.as_secs()
        );
        self.optional(name, text, &expected, |text| {
            duration(text).filter(|duration| (least..=most).contains(duration))
        })
    }

    /// Reads an address to listen on that may be absent.
    pub fn listen(&mut self, name: &str, text: Option<&str>) -> Option<SocketAddr> {
        let expected = "an address such as `0.0.0.0:8080`";
        self.optional(name, text, expected, |text| text.parse().ok())
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
pub fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The path, unless it is empty.
#[must_use]
pub fn present_path(path: Option<PathBuf>) -> Option<PathBuf> {
    path.filter(|path| !path.as_os_str().is_empty())
}

/// An absolute URL that a request can be sent to.
#[must_use]
pub fn http_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

fn duration(text: &str) -> Option<Duration> {
    Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()
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

    const BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

    #[test]
    fn every_mistake_is_told_with_what_to_do() {
        let mut found = Findings::default();
        let parse = |text: &str| text.parse::<bool>().ok();
        found.required("A", Some(" "), "`true` or `false`", parse);
        found.required("B", Some("yes"), "`true` or `false`", parse);
        found.number("C", Some("256"), (1_u8, 200));
        found.number("D", Some("0"), (1_u8, 200));
        found.duration("E", Some("-PT1S"));
        found.duration_within("F", Some("PT61S"), BOUNDS);
        found.listen("G", Some("8080"));
        found.add("and so on".to_owned());
        let error = found.none().unwrap_err();
        insta::assert_snapshot!(error.to_string().replace("; ", "\n"), @r"
        `A` is missing: set it to `true` or `false`
        `B` is `yes`: it must be `true` or `false`
        `C` is `256`: it must be a number from 1 to 200
        `D` is `0`: it must be a number from 1 to 200
        `E` is `-PT1S`: it must be an ISO 8601 duration such as `PT1.5S`
        `F` is `PT61S`: it must be an ISO 8601 duration such as `PT90S`, from 1 to 60 seconds
        `G` is `8080`: it must be an address such as `0.0.0.0:8080`
        and so on
        ");
    }

    #[test]
    fn good_and_absent_settings_are_no_findings() {
        let mut found = Findings::default();
        assert_eq!(found.number("A", Some(" 200 "), (1_u8, 200)), Some(200));
        assert_eq!(
            found.duration("B", Some("PT1.5S")),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            found.duration_within("C", Some("PT60S"), BOUNDS),
            Some(BOUNDS.1)
        );
        assert_eq!(found.listen("D", Some("")), None);
        assert_eq!(found.duration("E", None), None);
        assert_eq!(present_path(Some(PathBuf::new())), None);
        found.none().unwrap();
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
