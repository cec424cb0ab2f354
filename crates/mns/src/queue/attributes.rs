//! The attributes of a queue: those that can be set, and those that MNS reports.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

use crate::limits::{Delay, MaximumMessageSize, PollingWait, Retention, VisibilityTimeout};

/// The result of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    New,
    /// It existed already, with the same attributes.
    Unchanged,
}

impl Created {
    pub(crate) fn of_status(status: StatusCode) -> Self {
        if status == StatusCode::NO_CONTENT {
            Self::Unchanged
        } else {
            Self::New
        }
    }
}

/// The attributes of a queue that can be set. What is absent keeps its default or its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueAttributes {
    /// How long a received message stays hidden; 30 s by default.
    pub visibility_timeout: Option<VisibilityTimeout>,
    /// The largest message; 64 KiB by default.
    pub maximum_message_size: Option<MaximumMessageSize>,
    /// How long a message is kept; 4 days by default.
    pub message_retention: Option<Retention>,
    /// How long a new message stays hidden; not at all by default.
    pub delay: Option<Delay>,
    /// How long a receive without a wait of its own waits; not at all by default.
    pub polling_wait: Option<PollingWait>,
    /// Whether operations on messages are logged.
    pub logging_enabled: Option<bool>,
}

/// The attributes of a queue that MNS reports. What it leaves out is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStatus {
    /// Name of the queue.
    pub name: String,
    /// When the queue was created.
    pub create_time: Option<Timestamp>,
    /// When its attributes were last changed.
    pub last_modify_time: Option<Timestamp>,
    /// How long a received message stays hidden.
    pub visibility_timeout: Option<Duration>,
    /// The largest message in bytes.
    pub maximum_message_size_bytes: Option<u64>,
    /// How long a message is kept.
    pub message_retention: Option<Duration>,
    /// How long a new message stays hidden.
    pub delay: Option<Duration>,
    /// How long a receive without a wait of its own waits.
    pub polling_wait: Option<Duration>,
    /// About how many messages can be received now.
    pub active_messages: Option<u64>,
    /// About how many messages are hidden because they were received.
    pub inactive_messages: Option<u64>,
    /// About how many messages are hidden because they were sent with a delay.
    pub delayed_messages: Option<u64>,
    /// Whether operations on messages are logged.
    pub logging_enabled: Option<bool>,
}
