//! The one place that sends a request to another machine.
//!
//! A cloud client says what to send, how long one attempt may take, how large a response it will
//! hold and whether a repetition does harm; this crate decides when to try again. Every
//! attempt asks the caller for a new request, so that each carries its own date and
//! signature: a signature that was made before a long pause is refused by the service.
//!
//! It does not sign, does not read error bodies and does not know any service. It never shows
//! the query of a URL, because a presigned URL is a secret.

mod attempts;
mod backoff;
mod body;
mod call;
mod client_builder;
mod disposition;
mod dns;
mod error;
mod http_client;
mod observer;
mod post_client;
pub mod printable;
mod reach;
mod redact;
mod retry;
mod retry_class;
mod send;
mod server_verifier;
mod span;

pub use backoff::{Backoff, jittered};
pub use body::read_bounded;
pub use call::{Call, Replay};
pub use client_builder::{ClientBuilder, Service};
pub use disposition::Disposition;
pub use error::{BoxError, TransportError};
pub use http_client::{ConnectOptions, HttpClientError, KNATIVE_BUNDLES, http_client};
pub use observer::{CompletedRequest, Observer};
pub use post_client::{Connector, PostClient, PostResponse};
pub use printable::Printable;
pub use reach::{Networks, Reach};
pub use redact::{RedactedUrl, redact};
pub use retry::RetryPolicy;
pub use retry_class::{RetryClass, classify_status, retry_after};
pub use send::Transport;
pub use span::{SPANS, failed};
