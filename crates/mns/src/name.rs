//! Names of queues, topics, subscriptions and event rules, checked once.
//!
//! They hold letters, digits and `-` only, so a checked name can stand in a path as it is.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A text that cannot be a name. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{name}` is not a {kind} name: {rule}")]
pub struct NameError {
    kind: &'static str,
    name: String,
    rule: String,
}

fn check(kind: &'static str, name: &str, longest: usize) -> Result<(), NameError> {
    let rule = if name.is_empty() || name.len() > longest {
        format!("it must have 1 to {longest} characters")
    } else if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        "only letters, digits and `-` are allowed".to_owned()
    } else if name.starts_with('-') {
        "it must start with a letter or a digit".to_owned()
    } else {
        return Ok(());
    };
    // A name of any length would do for a log line, but not one of megabytes.
    Err(NameError {
        kind,
        name: name.chars().take(longest).collect(),
        rule,
    })
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $longest:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The most characters that the name can have.
            pub const MAX_CHARS: usize = $longest;

            /// Takes a text that keeps the rules.
            pub fn try_new(name: impl Into<String>) -> Result<Self, NameError> {
                let name = name.into();
                check($kind, &name, $longest)?;
                Ok(Self(name))
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::try_new(name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a queue: 1 to 120 letters, digits and `-`, not starting with `-`.
    QueueName, "queue", 120
}
name! {
    /// The name of a topic: 1 to 120 letters, digits and `-`, not starting with `-`.
    TopicName, "topic", 120
}
name! {
    /// The name of a subscription: 1 to 255 letters, digits and `-`, not starting with `-`.
    SubscriptionName, "subscription", 255
}

name! {
    /// The name of an event rule: 1 to 85 letters, digits and `-`, not starting with `-`.
    EventRuleName, "event rule", 85
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_names() {
        let longest = "q".repeat(120);
        let cases = [
            ("usual", "face-events", true),
            (
                "topic of an event rule",
                "mns-en-topics-oss-face-rule-1714979289001",
                true,
            ),
            ("one digit", "1", true),
            ("longest", &longest, true),
            ("too long", &format!("{longest}q"), false),
            ("empty", "", false),
            ("hyphen first", "-a", false),
            ("slash", "a/b", false),
            ("dots", "..", false),
            ("underscore", "a_b", false),
            ("not ASCII", "人脸", false),
            ("blank", "a b", false),
        ];
        for (name, text, allowed) in cases {
            assert_eq!(QueueName::try_new(text).is_ok(), allowed, "{name}");
            assert_eq!(text.parse::<TopicName>().is_ok(), allowed, "{name}");
        }
        assert!(SubscriptionName::try_new("s".repeat(255)).is_ok());
        assert!(SubscriptionName::try_new("s".repeat(256)).is_err());
    }

    #[test]
    fn refusal_names_the_rule() {
        let refusal = QueueName::try_new("a_b").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "`a_b` is not a queue name: only letters, digits and `-` are allowed"
        );
        let refusal = TopicName::try_new("t".repeat(1_000_000)).unwrap_err();
        assert!(refusal.to_string().len() < 300);
    }
}
