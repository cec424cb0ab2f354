//! The attributes of a subscription: those that can be set, and those that MNS reports.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use thiserror::Error;

/// A text that cannot tag a message. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "a tag must have 1 to {} characters, not {chars}",
    MessageTag::MAX_CHARS
)]
pub struct TagError {
    chars: usize,
}

/// The tag of a published message, by which subscriptions filter: 1 to 16 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageTag(String);

impl MessageTag {
    /// The most characters.
    pub const MAX_CHARS: usize = 16;

    /// Takes a text of the right length.
    pub fn try_new(tag: impl Into<String>) -> Result<Self, TagError> {
        let tag = tag.into();
        let chars = tag.chars().count();
        if (1..=Self::MAX_CHARS).contains(&chars) {
            Ok(Self(tag))
        } else {
            Err(TagError { chars })
        }
    }

    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that MNS does not define.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a value that MNS defines")]
pub struct UnknownValue(String);

/// How a topic retries a push that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotifyStrategy {
    /// Three retries, 10 to 20 s apart. The default.
    BackoffRetry,
    /// 176 retries over a day, with pauses from 1 s to 512 s.
    ExponentialDecayRetry,
}

impl NotifyStrategy {
    const ALL: [Self; 2] = [Self::BackoffRetry, Self::ExponentialDecayRetry];
}

impl fmt::Display for NotifyStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BackoffRetry => "BACKOFF_RETRY",
            Self::ExponentialDecayRetry => "EXPONENTIAL_DECAY_RETRY",
        })
    }
}

impl FromStr for NotifyStrategy {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        named(&Self::ALL, text)
    }
}

/// The format in which a topic pushes messages to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotifyContentFormat {
    /// An XML envelope. The default.
    Xml,
    /// A JSON envelope.
    Json,
    /// The published body and nothing else.
    Simplified,
}

impl NotifyContentFormat {
    const ALL: [Self; 3] = [Self::Xml, Self::Json, Self::Simplified];
}

impl fmt::Display for NotifyContentFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xml => "XML",
            Self::Json => "JSON",
            Self::Simplified => "SIMPLIFIED",
        })
    }
}

impl FromStr for NotifyContentFormat {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        named(&Self::ALL, text)
    }
}

/// The value whose name is `text`.
fn named<T: Copy + fmt::Display>(values: &[T], text: &str) -> Result<T, UnknownValue> {
    let found = values
        .iter()
        .copied()
        .find(|value| value.to_string() == text);
    found.ok_or_else(|| UnknownValue(text.to_owned()))
}

/// A subscription to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Where messages go: for a queue what [`queue_endpoint_arn`](crate::queue_endpoint_arn)
    /// makes, else a URL, a mail or an SMS endpoint in the vendor's notation.
    pub endpoint: String,
    /// Only messages with this tag; all messages when absent.
    pub filter_tag: Option<MessageTag>,
    /// How to retry; [`NotifyStrategy::BackoffRetry`] when absent.
    pub notify_strategy: Option<NotifyStrategy>,
    /// The format of messages; [`NotifyContentFormat::Xml`] when absent.
    pub notify_content_format: Option<NotifyContentFormat>,
}

impl Subscription {
    /// All messages to `endpoint`, with MNS's defaults.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            filter_tag: None,
            notify_strategy: None,
            notify_content_format: None,
        }
    }
}

/// The attributes of a subscription that MNS reports. What it leaves out is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionStatus {
    /// Name of the subscription.
    pub name: String,
    /// Account that subscribed.
    pub subscriber: Option<String>,
    /// Account that owns the topic.
    pub topic_owner: Option<String>,
    /// Name of the topic.
    pub topic_name: Option<String>,
    /// Where messages go.
    pub endpoint: String,
    /// How a push is retried.
    pub notify_strategy: Option<NotifyStrategy>,
    /// The format of messages.
    pub notify_content_format: Option<NotifyContentFormat>,
    /// Only messages with this tag.
    pub filter_tag: Option<String>,
    /// When the subscription was made.
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    pub last_modify_time: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for strategy in NotifyStrategy::ALL {
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
        }
        for format in NotifyContentFormat::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("json".parse::<NotifyContentFormat>().is_err());
    }

    #[test]
    fn tags_are_counted_in_characters() {
        assert!(MessageTag::try_new("十六个字十六个字十六个字十六个字").is_ok());
        assert_eq!(
            MessageTag::try_new("seventeen letters")
                .unwrap_err()
                .to_string(),
            "a tag must have 1 to 16 characters, not 17"
        );
        assert!(MessageTag::try_new("").is_err());
    }
}
