//! Which of the four places, if any, a request received by an OSS server presents
//! credentials in.
//!
//! Whether the key exists, the clock fits and the URL has expired is for the server to decide.

use http::HeaderMap;
use http::header::DATE;
use http::request::Parts;
use jiff::Timestamp;

use super::{OSS_DATE, Resource, v1, v4};
use crate::{
    AccessKeyId, AccessKeySecret, PresentedError, SecurityToken, SignError, authorization, target,
    time,
};

/// Credentials as presented to OSS in the headers or the query of a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Presented {
    /// Header or URL of the first signature.
    V1(v1::Presented),
    /// Header or URL of `OSS4-HMAC-SHA256`.
    V4(v4::Presented),
}

impl Presented {
    /// Reads what the request presents; `None` when it is anonymous.
    ///
    /// # Errors
    /// [`PresentedError::Mixed`] when more than one place is used; the others say which part
    /// of the one place is missing or malformed.
    pub fn from_request(parts: &Parts) -> Result<Option<Self>, PresentedError> {
        let query = target::pairs(&parts.uri);
        let query = query.map_err(|_| PresentedError::Malformed { part: "query" })?;
        let header = authorization::value(&parts.headers)?;
        match (header, v1::is_in_query(&query), v4::is_in_query(&query)) {
            (None, false, false) => Ok(None),
            (Some(value), false, false) => Self::from_header(&value, parts).map(Some),
            (None, true, false) => v1::Presented::from_query(&query).map(Self::V1).map(Some),
            (None, false, true) => v4::Presented::from_query(&query, &parts.headers)
                .map(Self::V4)
                .map(Some),
            _ => Err(PresentedError::Mixed),
        }
    }

    fn from_header(value: &str, parts: &Parts) -> Result<Self, PresentedError> {
        if let Some(rest) = authorization::after_scheme(value, v1::SCHEME) {
            return v1::Presented::from_header(rest, &parts.headers).map(Self::V1);
        }
        match authorization::after_scheme(value, v4::ALGORITHM) {
            Some(rest) => v4::Presented::from_header(rest, &parts.headers).map(Self::V4),
            None => Err(PresentedError::UnknownScheme),
        }
    }

    /// Who claims to have signed.
    #[must_use]
    pub fn access_key_id(&self) -> &AccessKeyId {
        match self {
            Self::V1(presented) => presented.access_key_id(),
            Self::V4(presented) => presented.access_key_id(),
        }
    }

    /// The token that came along.
    #[must_use]
    pub fn security_token(&self) -> Option<&SecurityToken> {
        match self {
            Self::V1(presented) => presented.security_token(),
            Self::V4(presented) => presented.security_token(),
        }
    }

    /// When it was signed, for the check that a header is recent. A V1 URL does not say.
    #[must_use]
    pub fn signed_at(&self) -> Option<Timestamp> {
        match self {
            Self::V1(presented) => presented.signed_at(),
            Self::V4(presented) => Some(presented.signed_at()),
        }
    }

    /// When the URL expires; `None` for signatures in headers.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::V1(presented) => presented.expires_at(),
            Self::V4(presented) => presented.expires_at(),
        }
    }

    /// The canonical request of V4, for the answer that explains a mismatch.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn canonical_request(
        &self,
        parts: &Parts,
        resource: Resource<'_>,
    ) -> Result<Option<String>, SignError> {
        match self {
            Self::V1(_) => Ok(None),
            Self::V4(presented) => presented.canonical_request(parts, resource).map(Some),
        }
    }

    /// The text that the sender should have signed.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn string_to_sign(
        &self,
        parts: &Parts,
        resource: Resource<'_>,
    ) -> Result<String, SignError> {
        match self {
            Self::V1(presented) => presented.string_to_sign(parts, resource),
            Self::V4(presented) => presented.string_to_sign(parts, resource),
        }
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        match self {
            Self::V1(presented) => presented.matches(string_to_sign, secret),
            Self::V4(presented) => presented.matches(string_to_sign, secret),
        }
    }
}

/// When a request was signed in its headers. Both signatures cover the text as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Dated {
    pub(super) text: String,
    pub(super) time: Timestamp,
}

impl Dated {
    /// Reads `x-oss-date`, or `Date` where there is none. The SDKs write either in the form of
    /// the other, whatever the signature.
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Self, PresentedError> {
        let text =
            authorization::header(headers, &OSS_DATE)?.or(authorization::header(headers, &DATE)?);
        let text = text.ok_or(PresentedError::MissingDate)?;
        let time = time::parse_iso_basic(&text).or_else(|| time::parse_http_date(&text));
        match time.or_else(|| time::parse_iso_extended(&text)) {
            Some(time) => Ok(Self { text, time }),
            None => Err(PresentedError::MalformedDate { value: text }),
        }
    }
}
