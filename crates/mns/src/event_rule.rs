//! Event rules: what OSS announces to a queue or a topic.
//!
//! They are not in MNS proper but in its OpenAPI (version 2022-01-19), which has an endpoint and a
//! signature of its own: [`EventRules`] is the client of it. A rule cannot be changed, only deleted
//! and created. It takes up to ten minutes to take effect.

mod client;
mod endpoint;

use std::collections::BTreeSet;

use crate::name::{QueueName, TopicName};

pub use client::EventRules;
pub use endpoint::OpenApiEndpoint;

/// An event rule, without its name.
///
/// Sets, because order has no meaning: a rule that the service shows in another order is equal to
/// the one that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRule {
    /// Events that are announced, for example `ObjectCreated:PutObject`; `ObjectCreated:*` stands
    /// for a whole group.
    pub event_types: BTreeSet<String>,
    /// An object is covered if all match rules of one of these sets accept it. At most five sets.
    pub match_rules: BTreeSet<BTreeSet<MatchRule>>,
    /// Where the events go.
    pub endpoint: RuleEndpoint,
}

/// Where an event rule delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleEndpoint {
    /// Straight into a queue of the account and region.
    Queue(QueueName),
    /// To a topic of the account and region.
    Topic(TopicName),
}

/// A condition on one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MatchRule {
    /// The pattern.
    pub pattern: Pattern,
    /// Whether the object must match the pattern, or must not.
    pub must_match: bool,
}

/// What a match rule compares an object with. None of the texts may be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// The full name of a bucket or an object.
    Name(String),
    /// The beginning of the key.
    Prefix(String),
    /// The end of the key.
    Suffix(String),
}

impl MatchRule {
    /// The object is in this bucket.
    #[must_use]
    pub fn bucket(region: &str, account_id: &str, bucket: &str) -> Self {
        let name = format!("acs:oss:{region}:{account_id}:{bucket}");
        Self::of(Pattern::Name(name))
    }

    /// The object's key begins like this.
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Self::of(Pattern::Prefix(prefix.into()))
    }

    /// The object's key ends like this.
    pub fn suffix(suffix: impl Into<String>) -> Self {
        Self::of(Pattern::Suffix(suffix.into()))
    }

    /// The opposite condition.
    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            must_match: !self.must_match,
            ..self
        }
    }

    fn of(pattern: Pattern) -> Self {
        Self {
            pattern,
            must_match: true,
        }
    }
}
