//! Attributes of queues and topics: their ranges, their defaults, and changes to them.
//!
//! The ranges are those the service documents today; an older, wider retention period is
//! refused, because the service would refuse it too.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::refusal::{Code, Refusal};
use super::xml::Element;

/// How long a received message may stay hidden, in seconds.
pub(crate) const VISIBILITY_TIMEOUT: RangeInclusive<u32> = 1..=43_200;
/// How large a message may be, in bytes.
pub(crate) const MESSAGE_SIZE: RangeInclusive<u32> = 1024..=65_536;
/// How long a message is kept, in seconds.
pub(crate) const RETENTION: RangeInclusive<u32> = 60..=604_800;
/// How long a message may be delayed, in seconds.
pub(crate) const DELAY: RangeInclusive<u32> = 0..=604_800;
/// How long a receive may wait for a message, in seconds.
pub(crate) const POLLING_WAIT: RangeInclusive<u32> = 0..=30;
/// How long a topic keeps a message, in seconds. It cannot be changed.
pub(crate) const TOPIC_RETENTION_SECONDS: u32 = 86_400;

/// The attributes of a queue that a caller can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueAttributes {
    pub(crate) visibility_timeout_seconds: u32,
    pub(crate) maximum_message_size_bytes: u32,
    pub(crate) message_retention_period_seconds: u32,
    pub(crate) delay_seconds: u32,
    pub(crate) polling_wait_seconds: u32,
    pub(crate) logging_enabled: bool,
}

impl Default for QueueAttributes {
    fn default() -> Self {
        Self {
            visibility_timeout_seconds: 30,
            maximum_message_size_bytes: *MESSAGE_SIZE.end(),
            message_retention_period_seconds: 345_600,
            delay_seconds: 0,
            polling_wait_seconds: 0,
            logging_enabled: false,
        }
    }
}

impl QueueAttributes {
    /// Reads the attributes that a `Queue` element names: what it makes of those of a queue.
    pub(crate) fn change(element: &Element) -> Result<impl Fn(&Self) -> Self + use<>, Refusal> {
        let visibility_timeout = number(element, "VisibilityTimeout", VISIBILITY_TIMEOUT)?;
        let maximum_size = number(element, "MaximumMessageSize", MESSAGE_SIZE)?;
        let retention = number(element, "MessageRetentionPeriod", RETENTION)?;
        let delay = number(element, "DelaySeconds", DELAY)?;
        let polling_wait = number(element, "PollingWaitSeconds", POLLING_WAIT)?;
        let logging = boolean(element, "LoggingEnabled")?;
        Ok(move |base: &Self| Self {
            visibility_timeout_seconds: visibility_timeout
                .unwrap_or(base.visibility_timeout_seconds),
            maximum_message_size_bytes: maximum_size.unwrap_or(base.maximum_message_size_bytes),
            message_retention_period_seconds: retention
                .unwrap_or(base.message_retention_period_seconds),
            delay_seconds: delay.unwrap_or(base.delay_seconds),
            polling_wait_seconds: polling_wait.unwrap_or(base.polling_wait_seconds),
            logging_enabled: logging.unwrap_or(base.logging_enabled),
        })
    }
}

/// The attributes of a topic that a caller can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TopicAttributes {
    pub(crate) maximum_message_size_bytes: u32,
    pub(crate) logging_enabled: bool,
}

impl Default for TopicAttributes {
    fn default() -> Self {
        Self {
            maximum_message_size_bytes: *MESSAGE_SIZE.end(),
            logging_enabled: false,
        }
    }
}

impl TopicAttributes {
    /// Reads the attributes that a `Topic` element names: what it makes of those of a topic.
    pub(crate) fn change(element: &Element) -> Result<impl Fn(&Self) -> Self + use<>, Refusal> {
        let maximum_size = number(element, "MaximumMessageSize", MESSAGE_SIZE)?;
        let logging = boolean(element, "LoggingEnabled")?;
        Ok(move |base: &Self| Self {
            maximum_message_size_bytes: maximum_size.unwrap_or(base.maximum_message_size_bytes),
            logging_enabled: logging.unwrap_or(base.logging_enabled),
        })
    }
}

/// The whole number in a child element, `None` without that child.
pub(crate) fn number(
    element: &Element,
    name: &str,
    range: RangeInclusive<u32>,
) -> Result<Option<u32>, Refusal> {
    element
        .child(name)
        .map(|child| in_range(name, &child.text, range))
        .transpose()
}

/// Reads a whole number that must lie in `range`.
pub(crate) fn in_range(name: &str, text: &str, range: RangeInclusive<u32>) -> Result<u32, Refusal> {
    let number = text
        .trim()
        .parse()
        .ok()
        .filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (low, high) = range.into_inner();
        Refusal::new(
            Code::InvalidArgument,
            format!("The value of {name} should be between {low} and {high}."),
        )
    })
}

fn boolean(element: &Element, name: &str) -> Result<Option<bool>, Refusal> {
    let Some(child) = element.child(name) else {
        return Ok(None);
    };
    match child.text.trim() {
        text if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        text if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => Err(Refusal::new(
            Code::InvalidArgument,
            format!("The value of {name} should be True or False."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mns::xml;

    fn read(body: &str) -> Result<QueueAttributes, String> {
        let element = xml::parse(format!("<Queue>{body}</Queue>").as_bytes()).unwrap();
        let change = QueueAttributes::change(&element).map_err(|refusal| refusal.to_string())?;
        Ok(change(&QueueAttributes::default()))
    }

    #[test]
    fn an_empty_queue_element_gives_the_documented_defaults() {
        assert_eq!(read(""), Ok(QueueAttributes::default()));
    }

    #[test]
    fn each_range_ends_where_the_documentation_says() {
        for (name, low, high) in [
            ("VisibilityTimeout", 1_i64, 43_200_i64),
            ("MaximumMessageSize", 1024, 65_536),
            ("MessageRetentionPeriod", 60, 604_800),
            ("DelaySeconds", 0, 604_800),
            ("PollingWaitSeconds", 0, 30),
        ] {
            for (value, accepted) in [
                (low, true),
                (high, true),
                (low - 1, false),
                (high + 1, false),
            ] {
                let result = read(&format!("<{name}>{value}</{name}>"));
                assert_eq!(result.is_ok(), accepted, "{name} {value}: {result:?}");
            }
        }
    }

    #[test]
    fn what_is_no_number_or_boolean_is_an_invalid_argument() {
        for body in [
            "<DelaySeconds>soon</DelaySeconds>",
            "<DelaySeconds></DelaySeconds>",
            "<DelaySeconds>1.5</DelaySeconds>",
            "<LoggingEnabled>perhaps</LoggingEnabled>",
        ] {
            assert!(
                read(body).is_err_and(|error| error.starts_with("InvalidArgument")),
                "{body}"
            );
        }
    }

    #[test]
    fn a_change_touches_only_what_it_names() {
        let changed = read("<DelaySeconds>7</DelaySeconds><LoggingEnabled>TRUE</LoggingEnabled>");
        let expected = QueueAttributes {
            delay_seconds: 7,
            logging_enabled: true,
            ..Default::default()
        };
        assert_eq!(changed, Ok(expected));
    }
}
