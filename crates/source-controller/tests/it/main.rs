//! The controller against an API server that remembers every call, and MNS as the emulator
//! plays it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers outside the test functions fail tests too"
)]

mod adapter_documents;
mod api_calls;
mod changes;
mod deletion;
mod doctor;
mod event_rule;
mod event_types;
mod hosts;
mod identity;
mod knative_config;
mod leader;
mod lifecycle;
mod many;
mod planning;
mod process;
mod scaled_object;
mod scaler;
mod scaler_wire;
mod sink_identity;
mod sinks;
mod support;
mod triggers;
mod trouble;
mod trust_bundles;
mod watched_namespaces;
mod watching;
