//! Why a request could not be signed.
//!
//! Every error here is permanent: the same input fails the same way tomorrow. None carries
//! credential material.

use http::HeaderName;
use thiserror::Error;

/// Why a request has no canonical form or cannot carry its signature. Always permanent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// A header that takes part in the signature holds bytes that are not UTF-8.
    #[error("header `{name}` is not UTF-8 text")]
    HeaderNotText {
        /// The header.
        name: HeaderName,
    },
    /// A header that the scheme cannot do without is missing.
    #[error("header `{name}` is missing")]
    MissingHeader {
        /// The header.
        name: HeaderName,
    },
    /// A value, usually a damaged access key id or token, cannot travel in a header.
    #[error("the value for header `{name}` holds characters that a header cannot carry")]
    NotAHeaderValue {
        /// The header the value was meant for.
        name: HeaderName,
    },
    /// Path, query or form does not percent-decode to UTF-8.
    #[error("a percent-encoded part of the request is not UTF-8 text")]
    NotText,
    /// The signed URL would not be a URI.
    #[error("the request target cannot carry the signature")]
    Target,
    /// The lifetime asked for is one that the scheme does not allow.
    #[error("a presigned URL may live 1 to {limit_seconds} seconds, not {seconds}")]
    Expiry {
        /// What was asked for.
        seconds: u64,
        /// The longest lifetime of the scheme.
        limit_seconds: u64,
    },
    /// The scheme has no place for a security token.
    #[error("{scheme} has no place for the security token of temporary credentials")]
    TokenUnsupported {
        /// Name of the scheme.
        scheme: &'static str,
    },
}
