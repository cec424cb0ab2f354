//! Which events are worth delivering.
//!
//! What does not match is acknowledged: the user asked not to see it. A filter costs
//! nothing at the sink, unlike a Trigger's.

use std::str::FromStr;

use oss::event::Event;
use service::settings::Expected;

/// Conditions that must all hold; empty ones do.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Filter {
    /// Event names, separated by commas; `ObjectCreated:*` takes a group [default: all].
    #[arg(
        long = "filter-events",
        env = "FILTER_EVENTS",
        value_name = "NAMES",
        default_value = "",
        hide_default_value = true
    )]
    names: NamePatterns,
    /// Only events of objects whose key starts so.
    #[arg(
        long = "filter-key-prefix",
        env = "FILTER_KEY_PREFIX",
        value_name = "TEXT",
        allow_hyphen_values = true,
        default_value = "",
        hide_default_value = true
    )]
    key_prefix: String,
    /// Only events of objects whose key ends so.
    #[arg(
        long = "filter-key-suffix",
        env = "FILTER_KEY_SUFFIX",
        value_name = "TEXT",
        allow_hyphen_values = true,
        default_value = "",
        hide_default_value = true
    )]
    key_suffix: String,
}

/// Event names of which one must match; none at all match every name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct NamePatterns(Vec<NamePattern>);

/// An event name, or every name of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NamePattern {
    Exactly(String),
    StartingWith(String),
}

impl Filter {
    /// Whether the event is to be delivered. One without a key fails a condition on keys.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        let name = event.name.as_str();
        let NamePatterns(patterns) = &self.names;
        let is_name_right =
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name));
        is_name_right && self.matches_key(event.subject().and_then(key_of).unwrap_or_default())
    }

    fn matches_key(&self, key: &str) -> bool {
        key.starts_with(&self.key_prefix) && key.ends_with(&self.key_suffix)
    }
}

impl NamePattern {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exactly(expected) => name == expected,
            Self::StartingWith(start) => name.starts_with(start.as_str()),
        }
    }
}

/// The key in `acs:oss:<region>:<uid>:<bucket>/<key>`.
pub(crate) fn key_of(subject: &str) -> Option<&str> {
    subject.split_once('/').map(|(_, key)| key)
}

impl FromStr for NamePatterns {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let names = text.split(',').map(str::trim);
        let patterns: Option<_> = names
            .filter(|name| !name.is_empty())
            .map(parse_name)
            .collect();
        let expected = "event names such as `ObjectCreated:PutObject` or `ObjectCreated:*`, \
                        separated by commas";
        patterns
            .map(Self)
            .ok_or_else(|| Expected(expected.to_owned()))
    }
}

fn parse_name(text: &str) -> Option<NamePattern> {
    let (name, is_group) = match text.strip_suffix('*') {
        Some(start) => (start, true),
        None => (text, false),
    };
    // The `oss:` of CloudEvents types is a likely slip, and so are stars elsewhere.
    let is_plausible = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b':')
        && !name.starts_with("oss:");
    is_plausible.then(|| {
        let name = name.to_owned();
        if is_group {
            NamePattern::StartingWith(name)
        } else {
            NamePattern::Exactly(name)
        }
    })
}
