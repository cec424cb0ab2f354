//! An `OSS4-HMAC-SHA256` signature as a server receives it.

use http::request::Parts;
use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};

use super::{
    ALGORITHM, MAX_EXPIRES, PRODUCT, QUERY_ADDITIONAL, QUERY_CREDENTIAL, QUERY_DATE, QUERY_EXPIRES,
    QUERY_SIGNATURE, QUERY_TOKEN, QUERY_VERSION,
};
use crate::encode::find;
use crate::mac::Claim;
use crate::oss::{OSS_DATE, Resource, SECURITY_TOKEN};
use crate::scope::Scope;
use crate::{
    AccessKeyId, AccessKeySecret, PresentedError, SecurityToken, SignError, authorization, target,
    time,
};

/// A V4 signature that a request presents.
#[derive(Debug, Clone)]
pub struct Presented {
    access_key_id: AccessKeyId,
    scope: Scope,
    signature: Claim,
    security_token: Option<SecurityToken>,
    signed_at: Timestamp,
    expires_at: Option<Timestamp>,
    additional: Vec<HeaderName>,
}

/// Whether the query carries any part of a V4 signature.
pub(crate) fn is_in_query(query: &[(String, String)]) -> bool {
    [QUERY_VERSION, QUERY_CREDENTIAL, QUERY_SIGNATURE]
        .iter()
        .any(|name| find(query, name).is_some())
}

impl Presented {
    pub(crate) fn from_header(rest: &str, headers: &HeaderMap) -> Result<Self, PresentedError> {
        let parts = authorization::Parts::parse(rest)?;
        let (access_key_id, scope) =
            Scope::parse_credential(parts.require("Credential")?, PRODUCT)?;
        let date = authorization::header(headers, &OSS_DATE)?.ok_or(PresentedError::MissingDate)?;
        Ok(Self {
            access_key_id,
            signed_at: date_within(&date, &scope)?,
            scope,
            signature: Claim::new(parts.require("Signature")?),
            security_token: authorization::header(headers, &SECURITY_TOKEN)?
                .map(SecurityToken::new),
            expires_at: None,
            additional: names(parts.find("AdditionalHeaders").unwrap_or_default())?,
        })
    }

    pub(crate) fn from_query(query: &[(String, String)]) -> Result<Self, PresentedError> {
        let require = |part| find(query, part).ok_or(PresentedError::Missing { part });
        if require(QUERY_VERSION)? != ALGORITHM {
            return Err(PresentedError::UnknownScheme);
        }
        let (access_key_id, scope) = Scope::parse_credential(require(QUERY_CREDENTIAL)?, PRODUCT)?;
        let date = find(query, QUERY_DATE).ok_or(PresentedError::MissingDate)?;
        let signed_at = date_within(date, &scope)?;
        Ok(Self {
            access_key_id,
            scope,
            signature: Claim::new(require(QUERY_SIGNATURE)?),
            security_token: find(query, QUERY_TOKEN).map(SecurityToken::new),
            signed_at,
            expires_at: Some(expiry(require(QUERY_EXPIRES)?, signed_at)?),
            additional: names(find(query, QUERY_ADDITIONAL).unwrap_or_default())?,
        })
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

    /// The region the key was derived for, without `oss-`.
    #[must_use]
    pub fn region(&self) -> &str {
        self.scope.region()
    }

    /// The `x-oss-date` of the request or URL.
    #[must_use]
    pub fn signed_at(&self) -> Timestamp {
        self.signed_at
    }

    /// When a presigned URL expires.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The canonical form of the received request.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn canonical_request(
        &self,
        parts: &Parts,
        resource: Resource<'_>,
    ) -> Result<String, SignError> {
        let parameters = target::pairs(&parts.uri)?;
        let (method, headers) = (&parts.method, &parts.headers);
        super::canonical_request(method, headers, resource, &parameters, &self.additional)
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
        let canonical = self.canonical_request(parts, resource)?;
        Ok(super::string_to_sign(
            &canonical,
            self.region(),
            self.signed_at,
        ))
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        self.signature
            .is(&self.scope.signature(string_to_sign, secret))
    }
}

/// Reads the date, which must be of the day that the key is for.
pub(crate) fn date_within(text: &str, scope: &Scope) -> Result<Timestamp, PresentedError> {
    let time = time::parse_iso_basic(text);
    let time = time.ok_or_else(|| PresentedError::MalformedDate {
        value: text.to_owned(),
    })?;
    if scope.is_of_day(time) {
        return Ok(time);
    }
    Err(PresentedError::Malformed { part: "Credential" })
}

fn expiry(text: &str, signed_at: Timestamp) -> Result<Timestamp, PresentedError> {
    let malformed = || PresentedError::MalformedExpiry {
        value: text.to_owned(),
    };
    let seconds: u64 = text.parse().map_err(|_| malformed())?;
    if !(1..=MAX_EXPIRES.as_secs()).contains(&seconds) {
        return Err(malformed());
    }
    let lifetime = SignedDuration::from_secs(seconds.try_into().map_err(|_| malformed())?);
    signed_at.checked_add(lifetime).map_err(|_| malformed())
}

fn names(text: &str) -> Result<Vec<HeaderName>, PresentedError> {
    let names = text
        .split(';')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let parsed: Result<_, _> = names.map(|name| name.to_lowercase().parse()).collect();
    parsed.map_err(|_| PresentedError::Malformed {
        part: "AdditionalHeaders",
    })
}
