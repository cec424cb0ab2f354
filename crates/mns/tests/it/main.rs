//! The client over real sockets, and the documents of the service.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of tests may fail like the tests"
)]

mod documents;
mod event_rules;
mod failures;
mod hostile;
mod messages;
mod notifications;
mod resources;
mod server;
