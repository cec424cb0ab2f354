//! `ACS3-HMAC-SHA256`, in headers.
//!
//! The sender's list of signed headers counts, but a list that leaves out the host or an
//! `x-acs-` header is refused: those decide what the call does.

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use signing::acs3::{ACS_DATE, CONTENT_SHA256, NONCE, SECURITY_TOKEN};
use signing::{AccessKeyId, AccessKeySecret, SecurityToken, SignError, acs3, time};

use super::{PresentedError, Signature, authorization};

/// An ACS3 signature that a request presents.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The key that is said to have signed.
    pub access_key_id: AccessKeyId,
    /// The token that came along.
    pub security_token: Option<SecurityToken>,
    /// The nonce, for a server that refuses replays.
    pub nonce: String,
    /// The time of the call.
    pub signed_at: Timestamp,
    signature: Signature,
    signed_headers: Vec<HeaderName>,
    content_sha256: String,
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
        let rest = authorization::after_scheme(&value, "ACS3-HMAC-SHA256");
        let list = authorization::Parts::parse(rest.ok_or(PresentedError::UnknownScheme)?)?;
        let require = |name: &HeaderName, part| {
            authorization::header(headers, name)?.ok_or(PresentedError::Missing { part })
        };
        let token = authorization::header(headers, &SECURITY_TOKEN)?;
        Ok(Some(Self {
            access_key_id: AccessKeyId::new(list.require("Credential")?),
            signature: Signature(list.require("Signature")?.to_owned()),
            signed_headers: signed_headers(list.require("SignedHeaders")?, headers)?,
            security_token: token.map(SecurityToken::new),
            content_sha256: require(&CONTENT_SHA256, "x-acs-content-sha256")?,
            nonce: require(&NONCE, "x-acs-signature-nonce")?,
            signed_at: date(headers)?,
        }))
    }

    /// Whether the signed hash is that of `body`. The signature covers the hash only.
    #[must_use]
    pub fn covers(&self, body: &[u8]) -> bool {
        let hash = acs3::content_sha256(body);
        self.content_sha256.eq_ignore_ascii_case(&hash)
    }

    /// The text that the sender should have signed.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn string_to_sign(&self, parts: &Parts) -> Result<String, SignError> {
        let (method, uri, headers) = (&parts.method, &parts.uri, &parts.headers);
        let canonical = acs3::canonical_request(method, uri, headers, &self.signed_headers)?;
        Ok(acs3::string_to_sign(&canonical))
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        self.signature.is(&acs3::signature(string_to_sign, secret))
    }
}

fn signed_headers(list: &str, headers: &HeaderMap) -> Result<Vec<HeaderName>, PresentedError> {
    let part = "SignedHeaders";
    let names = authorization::names(list, part)?;
    let must = |name: &&HeaderName| *name == HOST || name.as_str().starts_with("x-acs-");
    if headers.keys().filter(must).all(|name| names.contains(name)) {
        Ok(names)
    } else {
        Err(PresentedError::Malformed { part })
    }
}

fn date(headers: &HeaderMap) -> Result<Timestamp, PresentedError> {
    let date = authorization::header(headers, &ACS_DATE)?.ok_or(PresentedError::MissingDate)?;
    time::parse_iso_extended(&date).ok_or_else(|| PresentedError::date(&date))
}
