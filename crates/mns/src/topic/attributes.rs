//! The attributes of a topic: those that can be set, and those that MNS reports.

use std::time::Duration;

use jiff::Timestamp;

use crate::limits::MaximumMessageSize;

/// The attributes of a topic that can be set. What is absent keeps its default or its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicAttributes {
    /// The largest message; 64 KiB by default. A queue that subscribes must allow as much.
    pub maximum_message_size: Option<MaximumMessageSize>,
    /// Whether operations on messages are logged.
    pub logging_enabled: Option<bool>,
}

/// The attributes of a topic that MNS reports. What it leaves out is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicStatus {
    /// Name of the topic.
    pub name: String,
    /// When the topic was created.
    pub create_time: Option<Timestamp>,
    /// When its attributes were last changed.
    pub last_modify_time: Option<Timestamp>,
    /// The largest message in bytes.
    pub maximum_message_size_bytes: Option<u64>,
    /// How long a message is kept: one day.
    pub message_retention: Option<Duration>,
    /// How many messages wait to be pushed.
    pub message_count: Option<u64>,
    /// Whether operations on messages are logged.
    pub logging_enabled: Option<bool>,
}
