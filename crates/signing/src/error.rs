//! Why a request could not be signed, and why a presented signature could not be read.
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

/// Why the credentials that a received request presents could not be read.
///
/// That a request presents none at all is not an error: the parsers answer `None`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PresentedError {
    /// The `Authorization` header names a scheme the service does not know.
    #[error("the authorization scheme is not one of this service")]
    UnknownScheme,
    /// The `Authorization` header, or a part of it, does not have the form of its scheme.
    #[error("the authorization's `{part}` is malformed")]
    Malformed {
        /// The part at fault, by its name in the scheme.
        part: &'static str,
    },
    /// A part that the scheme requires is absent.
    #[error("the authorization lacks `{part}`")]
    Missing {
        /// The absent part, by its name in the scheme.
        part: &'static str,
    },
    /// The request lacks a header that its signature is said to cover.
    #[error("the signature covers the header `{name}`, which the request lacks")]
    MissingHeader {
        /// The header.
        name: HeaderName,
    },
    /// Credentials are presented in more than one place.
    #[error("credentials are presented in more than one place")]
    Mixed,
    /// The request says no time, or none where the scheme looks for it.
    #[error("the request carries no date")]
    MissingDate,
    /// The time does not have a form of the scheme.
    #[error("the date `{value}` is malformed")]
    MalformedDate {
        /// What was sent.
        value: String,
    },
    /// The lifetime of a presigned URL is not a number the scheme allows.
    #[error("the expiry `{value}` is out of range")]
    MalformedExpiry {
        /// What was sent.
        value: String,
    },
}
