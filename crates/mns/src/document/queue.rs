//! Documents about queues.

use bytes::Bytes;

use super::list::last_segment;
use super::text::{duration, parsed, seconds, switch, switch_text};
use crate::queue::{QueueAttributes, QueueStatus};
use crate::xml::{Document, ForbiddenCharacter, Leniency, ParseError, body};

/// Reads the attributes of a queue.
pub fn queue_status(response: &[u8]) -> Result<QueueStatus, ParseError> {
    let (mut document, root) = Document::open(response, Leniency::Strict)?;
    if root.local() != "Queue" {
        return Err(ParseError::unexpected_root(root.local()));
    }
    read(&mut document)
}

/// Reads the `Queue` element just started.
pub(super) fn read(document: &mut Document<'_>) -> Result<QueueStatus, ParseError> {
    let mut status = QueueStatus::default();
    let mut url = None;
    document.children(|document, name| match name {
        "QueueURL" => {
            url = document.value()?;
            Ok(())
        }
        _ => take(&mut status, document, name),
    })?;
    // A list has URLs in place of names.
    if let Some(url) = url.filter(|_| status.name.is_empty()) {
        last_segment(&url).clone_into(&mut status.name);
    }
    if status.name.is_empty() {
        return Err(ParseError::Missing {
            element: "QueueName",
        });
    }
    Ok(status)
}

fn take(
    status: &mut QueueStatus,
    document: &mut Document<'_>,
    name: &str,
) -> Result<(), ParseError> {
    match name {
        "QueueName" => status.name = document.value()?.unwrap_or_default(),
        "CreateTime" => status.create_time = seconds(document, "CreateTime")?,
        "LastModifyTime" => status.last_modify_time = seconds(document, "LastModifyTime")?,
        "DelaySeconds" => status.delay = duration(document, "DelaySeconds")?,
        "MaximumMessageSize" => {
            status.maximum_message_size_bytes = parsed(document, "MaximumMessageSize")?;
        }
        "MessageRetentionPeriod" => {
            status.message_retention = duration(document, "MessageRetentionPeriod")?;
        }
        "VisibilityTimeout" => status.visibility_timeout = duration(document, "VisibilityTimeout")?,
        "PollingWaitSeconds" => status.polling_wait = duration(document, "PollingWaitSeconds")?,
        "ActiveMessages" => status.active_messages = parsed(document, "ActiveMessages")?,
        "InactiveMessages" => status.inactive_messages = parsed(document, "InactiveMessages")?,
        "DelayMessages" => status.delayed_messages = parsed(document, "DelayMessages")?,
        "LoggingEnabled" => status.logging_enabled = switch(document, "LoggingEnabled")?,
        _ => document.skip()?,
    }
    Ok(())
}

/// The body of a create or of a change; what is absent keeps its default or its value.
pub(crate) fn queue_attributes(attributes: &QueueAttributes) -> Result<Bytes, ForbiddenCharacter> {
    body("Queue", |elements| {
        elements.optional("VisibilityTimeout", attributes.visibility_timeout);
        elements.optional("MaximumMessageSize", attributes.maximum_message_size);
        elements.optional("MessageRetentionPeriod", attributes.message_retention);
        elements.optional("DelaySeconds", attributes.delay);
        elements.optional("PollingWaitSeconds", attributes.polling_wait);
        elements.optional(
            "LoggingEnabled",
            attributes.logging_enabled.map(switch_text),
        );
        Ok(())
    })
}
