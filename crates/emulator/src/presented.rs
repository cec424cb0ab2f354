//! The server's half of the signatures: the credentials that a request presents, and whether
//! its signature is theirs.
//!
//! Which keys there are, how far clocks may differ and which answer a caller gets is decided by
//! each service. The canonical forms and the arithmetic are those of `signing`.

pub mod acs3;
mod authorization;
pub mod dataplus;
pub mod mns;
pub mod oss;
pub mod post_policy;
pub mod rpc;

use std::fmt;

use http::HeaderName;
use signing::AccessKeyId;
use subtle::ConstantTimeEq as _;
use thiserror::Error;

/// Why the credentials that a request presents could not be read.
///
/// That a request presents none at all is not an error: the parsers answer `None`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
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

impl PresentedError {
    fn date(value: &str) -> Self {
        let value = value.to_owned();
        Self::MalformedDate { value }
    }
}

/// A presented signature. Not printed: with its URL it is as good as a key.
#[derive(Clone)]
struct Signature(String);

impl Signature {
    /// Whether this is the expected signature, in time that does not tell how nearly it is.
    fn is(&self, expected: &str) -> bool {
        self.0.as_bytes().ct_eq(expected.as_bytes()).into()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The first parameter called exactly `name`.
pub(crate) fn find<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut parameters = parameters.iter();
    parameters.find_map(|(known, value)| (known == name).then_some(value.as_str()))
}
