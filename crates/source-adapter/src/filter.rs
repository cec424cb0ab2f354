//! Which events are worth delivering.
//!
//! What does not match is acknowledged: the user asked not to see it. A filter costs
//! nothing at the sink, unlike a Trigger's.

use oss::event::Event;
use service::Findings;

use crate::args::FilterArgs;

/// Conditions that must all hold; empty ones do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    names: Vec<NamePattern>,
    key_prefix: String,
    key_suffix: String,
}

/// An event name, or every name of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NamePattern {
    Exactly(String),
    StartingWith(String),
}

impl Filter {
    pub(crate) fn check(found: &mut Findings, args: FilterArgs) -> Self {
        let FilterArgs {
            filter_events,
            filter_key_prefix,
            filter_key_suffix,
        } = args;
        let expected = "event names such as `ObjectCreated:PutObject` or `ObjectCreated:*`, separated by commas";
        let names = found.optional(
            "FILTER_EVENTS",
            filter_events.as_deref(),
            expected,
            parse_names,
        );
        Self {
            names: names.unwrap_or_default(),
            key_prefix: filter_key_prefix.unwrap_or_default(),
            key_suffix: filter_key_suffix.unwrap_or_default(),
        }
    }

    /// Whether the event is to be delivered. One without a key fails a condition on keys.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        let name = event.name.as_str();
        let is_name_right =
            self.names.is_empty() || self.names.iter().any(|pattern| pattern.matches(name));
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

fn parse_names(text: &str) -> Option<Vec<NamePattern>> {
    text.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(parse_name)
        .collect()
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
