//! The documents of MNS and its OpenAPI: answers read, request bodies written.
//!
//! The readers take whatever bytes a server sends and return a value or an error; they never
//! panic, and what they keep is bounded by what they were given. They are public so that the
//! same functions can be called on answers from elsewhere, by a fuzzer for one. Writing a
//! request body is part of the call and stays private.

mod event_rule;
mod failure;
mod list;
mod message;
mod queue;
mod text;
mod topic;

pub use event_rule::event_rule;
pub(crate) use event_rule::event_rule_parameters;
pub use failure::{DeleteFailures, ServiceError, delete_failures, service_error};
pub use list::{queue_list, queue_status_list, subscription_list, topic_list};
pub use message::{
    MESSAGE_BYTES, SentItem, messages, peeked_messages, sent_message, sent_messages, visibility,
};
pub(crate) use message::{published, receipt_handles, sending, sending_batch};
pub(crate) use queue::queue_attributes;
pub use queue::queue_status;
pub(crate) use topic::{subscribing, subscription_strategy, topic_attributes};
pub use topic::{subscription_status, topic_status};
