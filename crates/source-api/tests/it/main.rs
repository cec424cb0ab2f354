//! The resource as users, the API server and Knative see it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside the test functions fail tests too"
)]

mod acceptance;
mod api_server;
mod autoscaling;
mod conditions;
mod decoding;
mod definition;
mod delivery;
mod deployments;
mod names;
mod sinks;
mod structure;
mod template_keys;
