//! An `ACS3-HMAC-SHA256` signature as a server receives it.
//!
//! The server follows the sender's list of signed headers, but refuses a list that leaves out
//! the host or an `x-acs-` header: those decide what the call does.

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;

use super::{ACS_DATE, ALGORITHM, CONTENT_SHA256, HEADER_PREFIX, NONCE, SECURITY_TOKEN};
use crate::mac::Claim;
use crate::{
    AccessKeyId, AccessKeySecret, PresentedError, SecurityToken, SignError, authorization, mac,
    time,
};

/// An ACS3 signature that a request presents.
#[derive(Debug, Clone)]
pub struct Presented {
    access_key_id: AccessKeyId,
    signature: Claim,
    signed_headers: Vec<HeaderName>,
    security_token: Option<SecurityToken>,
    content_sha256: String,
    nonce: String,
    signed_at: Timestamp,
}

impl Presented {
    /// Reads `Authorization` and the `x-acs-` headers; `None` without `Authorization`.
    ///
    /// # Errors
    /// [`PresentedError`] says which part is missing or malformed; `SignedHeaders` counts as
    /// malformed when it leaves out a header that must be signed.
    pub fn from_request(parts: &Parts) -> Result<Option<Self>, PresentedError> {
        let headers = &parts.headers;
        let Some(value) = authorization::value(headers)? else {
            return Ok(None);
        };
        let rest = authorization::after_scheme(&value, ALGORITHM);
        let list = authorization::Parts::parse(rest.ok_or(PresentedError::UnknownScheme)?)?;
        Ok(Some(Self {
            access_key_id: AccessKeyId::new(list.require("Credential")?),
            signature: Claim::new(list.require("Signature")?),
            signed_headers: signed_headers(list.require("SignedHeaders")?, headers)?,
            security_token: authorization::header(headers, &SECURITY_TOKEN)?
                .map(SecurityToken::new),
            content_sha256: require(headers, &CONTENT_SHA256, "x-acs-content-sha256")?,
            nonce: require(headers, &NONCE, "x-acs-signature-nonce")?,
            signed_at: date(headers)?,
        }))
    }

    /// Who claims to have signed.
    #[must_use]
    pub fn access_key_id(&self) -> &AccessKeyId {
        &self.access_key_id
    }

    /// The token that came along.
    #[must_use]
    pub fn security_token(&self) -> Option<&SecurityToken> {
        self.security_token.as_ref()
    }

    /// The nonce, for a server that refuses replays.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The time of the call.
    #[must_use]
    pub fn signed_at(&self) -> Timestamp {
        self.signed_at
    }

    /// Whether the signed hash is that of `body`. The signature covers the hash only.
    #[must_use]
    pub fn covers(&self, body: &[u8]) -> bool {
        self.content_sha256
            .eq_ignore_ascii_case(&mac::sha256_hex(body))
    }

    /// The canonical form of the received request.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn canonical_request(&self, parts: &Parts) -> Result<String, SignError> {
        super::canonical_request(
            &parts.method,
            &parts.uri,
            &parts.headers,
            &self.signed_headers,
        )
    }

    /// The text that the sender should have signed.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn string_to_sign(&self, parts: &Parts) -> Result<String, SignError> {
        self.canonical_request(parts)
            .map(|canonical| super::string_to_sign(&canonical))
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        self.signature.is(&super::signature(string_to_sign, secret))
    }
}

fn signed_headers(list: &str, headers: &HeaderMap) -> Result<Vec<HeaderName>, PresentedError> {
    let malformed = PresentedError::Malformed {
        part: "SignedHeaders",
    };
    let names = list
        .split(';')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let names: Result<Vec<HeaderName>, _> = names.map(str::parse).collect();
    let names = names.map_err(|_| malformed.clone())?;
    let must = |name: &HeaderName| name == HOST || name.as_str().starts_with(HEADER_PREFIX);
    if headers
        .keys()
        .filter(|name| must(name))
        .all(|name| names.contains(name))
    {
        return Ok(names);
    }
    Err(malformed)
}

fn date(headers: &HeaderMap) -> Result<Timestamp, PresentedError> {
    let value = authorization::header(headers, &ACS_DATE)?.ok_or(PresentedError::MissingDate)?;
    time::parse_iso_extended(&value).ok_or(PresentedError::MalformedDate { value })
}

fn require(
    headers: &HeaderMap,
    name: &HeaderName,
    part: &'static str,
) -> Result<String, PresentedError> {
    authorization::header(headers, name)?.ok_or(PresentedError::Missing { part })
}
