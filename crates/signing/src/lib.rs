//! Signatures of the Alibaba Cloud APIs this workspace speaks: MNS, OSS, the two face APIs.
//!
//! Everything here is a function of a request, a key pair and a time that the caller passes in.
//! The crate does no I/O, reads no clock, no environment and draws no random numbers: nonces
//! and times are arguments, so a signature can be reproduced from a log line or a test vector.
//!
//! Each scheme has two halves. The client's half ([`oss::v4::sign`] and its siblings) adds the
//! date, the token and the signature to a request. The server's half (the `Presented` types)
//! reads what a received request claims, recomputes the text that should have been signed and
//! compares in constant time. A server that only checks signatures needs nothing else.

mod authorization;
pub mod credentials;
pub mod encode;
mod error;
mod headers;
mod mac;
mod scope;
mod target;
pub mod time;

pub mod acs3;
pub mod dataplus;
pub mod mns;
pub mod oss;
pub mod rpc;

pub use credentials::{
    AccessKeyId, AccessKeySecret, Credentials, CredentialsError, LiveCredentials, SecretDocument,
    SecurityToken,
};
pub use error::{PresentedError, SignError};
