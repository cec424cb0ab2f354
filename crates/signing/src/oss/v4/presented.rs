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
use crate::oss::presented::Dated;
use crate::oss::{Resource, SECURITY_TOKEN};
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
    dated: Dated,
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
        let dated = Dated::from_headers(headers)?;
        check_day(dated.time, &scope)?;
        Ok(Self {
            access_key_id,
            scope,
            dated,
            signature: Claim::new(parts.require("Signature")?),
            security_token: authorization::header(headers, &SECURITY_TOKEN)?
                .map(SecurityToken::new),
            expires_at: None,
            additional: names(parts.find("AdditionalHeaders").unwrap_or_default(), headers)?,
        })
    }

    pub(crate) fn from_query(
        query: &[(String, String)],
        headers: &HeaderMap,
    ) -> Result<Self, PresentedError> {
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
            dated: Dated {
                text: date.to_owned(),
                time: signed_at,
            },
            expires_at: Some(expiry(require(QUERY_EXPIRES)?, signed_at)?),
            additional: names(find(query, QUERY_ADDITIONAL).unwrap_or_default(), headers)?,
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

    /// The date of the request or URL.
    #[must_use]
    pub fn signed_at(&self) -> Timestamp {
        self.dated.time
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
        Ok(super::text_to_sign(
            &canonical,
            &self.scope,
            &self.dated.text,
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
    check_day(time, scope)?;
    Ok(time)
}

fn check_day(time: Timestamp, scope: &Scope) -> Result<(), PresentedError> {
    if scope.is_of_day(time) {
        return Ok(());
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

/// The headers that are signed besides the usual ones. The request must have each of them.
fn names(text: &str, headers: &HeaderMap) -> Result<Vec<HeaderName>, PresentedError> {
    let names = text
        .split(';')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let parsed: Result<Vec<HeaderName>, _> =
        names.map(|name| name.to_lowercase().parse()).collect();
    let names = parsed.map_err(|_| PresentedError::Malformed {
        part: "AdditionalHeaders",
    })?;
    match names.iter().find(|name| !headers.contains_key(*name)) {
        Some(name) => Err(PresentedError::MissingHeader { name: name.clone() }),
        None => Ok(names),
    }
}
