//! The controller against an API server that remembers every call, and MNS as the emulator
//! plays it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers outside the test functions fail tests too"
)]

mod adapter_documents;
mod deletion;
mod event_types;
mod hosts;
mod leader;
mod many;
mod passes;
mod planning;
mod process;
mod scope;
mod sinks;
mod support;
mod thrift;
mod triggers;
mod trouble;
mod watching;
