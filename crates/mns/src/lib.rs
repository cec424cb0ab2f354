//! A client for Alibaba Cloud MNS (Simple Message Queue), API version 2015-06-06.
//!
//! [`Client`] leads to [`Queue`] and [`Topic`], whose methods are the operations of the service.
//! Names, limits and handles are checked where they are made. Calls are signed for every
//! attempt, bounded in time and size, and repeated only where a repetition does no harm.
//!
//! What the crate leaves to its users: loops around a receive, acknowledgement, the meaning of a
//! body, and the creation of HTTP connections.

mod client;
pub mod document;
mod endpoint;
mod error;
mod limits;
mod list;
mod message;
mod name;
pub mod notification;
mod queue;
mod receipt;
mod request;
mod topic;
mod xml;

pub use client::Client;
pub use endpoint::{Endpoint, EndpointError, queue_endpoint_arn};
pub use error::{CallName, Error, ItemError, Refusal, RefusalKind, WriteError};
pub use limits::{
    BatchSize, Delay, MaximumMessageSize, OutOfRange, PageSize, PollingWait, Priority, Retention,
    VisibilityTimeout,
};
pub use list::{ListRequest, Marker, Page};
pub use message::{
    BodyIntegrity, BodyMd5, Message, PeekedMessage, SendMessage, SentMessage, Visibility,
};
pub use name::{NameError, QueueName, SubscriptionName, TopicName};
pub use queue::{Created, DeleteOutcome, Queue, QueueAttributes, QueueStatus};
pub use receipt::ReceiptHandle;
pub use topic::{
    MessageTag, NotifyContentFormat, NotifyStrategy, Subscription, SubscriptionStatus, TagError,
    Topic, TopicAttributes, TopicStatus, UnknownValue,
};
pub use xml::{ForbiddenCharacter, ParseError};
