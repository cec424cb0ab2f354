#![doc = include_str!("../README.md")]

mod client;
pub mod document;
mod endpoint;
mod error;
mod event_rule;
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

pub use client::{Account, Client};
pub use endpoint::{Endpoint, EndpointError, queue_endpoint_arn};
pub use error::{CallName, Error, ItemError, Refusal, RefusalKind, WriteError};
pub use event_rule::{EventRule, EventRules, MatchRule, OpenApiEndpoint, Pattern, RuleEndpoint};
pub use limits::{
    BatchSize, Delay, MaximumMessageSize, OutOfRange, PageSize, PollingWait, Priority, Retention,
    VisibilityTimeout,
};
pub use list::{ListRequest, Marker, Page};
pub use message::{
    BodyIntegrity, BodyMd5, Message, PeekedMessage, SendMessage, SentMessage, Visibility,
};
pub use name::{EventRuleName, NameError, QueueName, SubscriptionName, TopicName};
pub use queue::{Created, DeleteOutcome, Queue, QueueAttributes, QueueStatus};
pub use receipt::ReceiptHandle;
pub use topic::{
    MessageTag, NotifyContentFormat, NotifyStrategy, Subscription, SubscriptionStatus, TagError,
    Topic, TopicAttributes, TopicStatus, UnknownValue,
};
pub use xml::{ForbiddenCharacter, ParseError};

/// What a client is given and gives back, so that its users need not name the crates below.
pub use signing::{Credentials, CredentialsError, LiveCredentials};
pub use transport::{ClientBuilder, Disposition, HttpClientError, RetryPolicy, Transport};
