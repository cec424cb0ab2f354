//! Documents about topics and subscriptions.

use bytes::Bytes;

use super::text::{duration, parsed, seconds, switch, switch_text};
use crate::topic::{
    NotifyStrategy, Subscription, SubscriptionStatus, TopicAttributes, TopicStatus,
};
use crate::xml::{Document, ForbiddenCharacter, Leniency, ParseError, body};

/// Reads the attributes of a topic.
pub fn topic_status(response: &[u8]) -> Result<TopicStatus, ParseError> {
    let mut status = TopicStatus::default();
    children_of("Topic", response, |document, name| {
        match name {
            "TopicName" => status.name = document.value()?.unwrap_or_default(),
            "CreateTime" => status.create_time = seconds(document, "CreateTime")?,
            "LastModifyTime" => status.last_modify_time = seconds(document, "LastModifyTime")?,
            "MaximumMessageSize" => {
                status.maximum_message_size_bytes = parsed(document, "MaximumMessageSize")?;
            }
            "MessageRetentionPeriod" => {
                status.message_retention = duration(document, "MessageRetentionPeriod")?;
            }
            "MessageCount" => status.message_count = parsed(document, "MessageCount")?,
            "LoggingEnabled" => status.logging_enabled = switch(document, "LoggingEnabled")?,
            _ => document.skip()?,
        }
        Ok(())
    })?;
    if status.name.is_empty() {
        return Err(ParseError::Missing {
            element: "TopicName",
        });
    }
    Ok(status)
}

/// Reads the attributes of a subscription.
pub fn subscription_status(response: &[u8]) -> Result<SubscriptionStatus, ParseError> {
    let mut status = SubscriptionStatus::default();
    children_of("Subscription", response, |document, name| {
        match name {
            "SubscriptionName" => status.name = document.value()?.unwrap_or_default(),
            "Subscriber" => status.subscriber = document.value()?,
            "TopicOwner" => status.topic_owner = document.value()?,
            "TopicName" => status.topic_name = document.value()?,
            "Endpoint" => status.endpoint = document.value()?.unwrap_or_default(),
            "NotifyStrategy" => status.notify_strategy = parsed(document, "NotifyStrategy")?,
            "NotifyContentFormat" => {
                status.notify_content_format = parsed(document, "NotifyContentFormat")?;
            }
            "FilterTag" => status.filter_tag = document.value()?,
            "CreateTime" => status.create_time = seconds(document, "CreateTime")?,
            "LastModifyTime" => status.last_modify_time = seconds(document, "LastModifyTime")?,
            _ => document.skip()?,
        }
        Ok(())
    })?;
    if status.name.is_empty() {
        return Err(ParseError::Missing {
            element: "SubscriptionName",
        });
    }
    Ok(status)
}

fn children_of(
    root: &str,
    response: &[u8],
    child: impl FnMut(&mut Document<'_>, &str) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    let (mut document, name) = Document::open(response, Leniency::Strict)?;
    if name.local() != root {
        return Err(ParseError::unexpected_root(name.local()));
    }
    document.children(child)
}

/// The body of a create or of a change; what is absent keeps its default or its value.
pub(crate) fn topic_attributes(attributes: &TopicAttributes) -> Result<Bytes, ForbiddenCharacter> {
    body("Topic", |elements| {
        elements.optional("MaximumMessageSize", attributes.maximum_message_size);
        elements.optional(
            "LoggingEnabled",
            attributes.logging_enabled.map(switch_text),
        );
        Ok(())
    })
}

/// The body of a subscribe.
pub(crate) fn subscribing(subscription: &Subscription) -> Result<Bytes, ForbiddenCharacter> {
    body("Subscription", |elements| {
        elements.text("Endpoint", &subscription.endpoint)?;
        if let Some(tag) = &subscription.filter_tag {
            elements.text("FilterTag", tag.as_str())?;
        }
        elements.optional("NotifyStrategy", subscription.notify_strategy);
        elements.optional("NotifyContentFormat", subscription.notify_content_format);
        Ok(())
    })
}

/// The body of a change of a subscription; nothing else about it can be changed.
pub(crate) fn subscription_strategy(strategy: NotifyStrategy) -> Result<Bytes, ForbiddenCharacter> {
    body("Subscription", |elements| {
        elements.optional("NotifyStrategy", Some(strategy));
        Ok(())
    })
}
