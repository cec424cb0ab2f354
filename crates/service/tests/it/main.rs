//! The crate over real sockets and real files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod credentials;
mod http_client_metrics;
mod roles;
mod serve;
mod shutdown;
