//! What a request received by an MNS server claims about its sender.
//!
//! Whether the key exists, the date is recent enough and the token fits is for the server to
//! decide; this only reads and recomputes.

use http::HeaderMap;
use http::header::DATE;
use http::request::Parts;
use jiff::Timestamp;

use super::{MNS_DATE, SECURITY_TOKEN, v2, v4};
use crate::mac::Claim;
use crate::scope::Scope;
use crate::{
    AccessKeyId, AccessKeySecret, PresentedError, SecurityToken, SignError, authorization, time,
};

/// Credentials as presented to MNS in the headers of a request.
#[derive(Debug, Clone)]
pub struct Presented {
    access_key_id: AccessKeyId,
    signature: Claim,
    security_token: Option<SecurityToken>,
    signed_at: Timestamp,
    scope: Option<Scope>,
}

impl Presented {
    /// Reads the `Authorization`, date and token headers; `None` without `Authorization`.
    ///
    /// # Errors
    /// [`PresentedError::MissingDate`] and [`PresentedError::MalformedDate`] concern `Date` and
    /// its stand-in `x-mns-date`; the others the `Authorization` header.
    pub fn from_request(parts: &Parts) -> Result<Option<Self>, PresentedError> {
        let Some(value) = authorization::value(&parts.headers)? else {
            return Ok(None);
        };
        let (access_key_id, signature, scope) = read(&value)?;
        let token = authorization::header(&parts.headers, &SECURITY_TOKEN)?;
        let signed_at = date(&parts.headers)?;
        if scope
            .as_ref()
            .is_some_and(|scope| !scope.is_of_day(signed_at))
        {
            return Err(PresentedError::Malformed { part: "Credential" });
        }
        Ok(Some(Self {
            access_key_id,
            signature,
            security_token: token.map(SecurityToken::new),
            signed_at,
            scope,
        }))
    }

    /// Who claims to have signed.
    #[must_use]
    pub fn access_key_id(&self) -> &AccessKeyId {
        &self.access_key_id
    }

    /// The token that came along; the signature does not cover it.
    #[must_use]
    pub fn security_token(&self) -> Option<&SecurityToken> {
        self.security_token.as_ref()
    }

    /// The time on the request, for the check that it is recent.
    #[must_use]
    pub fn signed_at(&self) -> Timestamp {
        self.signed_at
    }

    /// The region of a V4 signature.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.scope.as_ref().map(Scope::region)
    }

    /// The text that the sender should have signed.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn string_to_sign(&self, parts: &Parts) -> Result<String, SignError> {
        match &self.scope {
            None => v2::string_to_sign(parts),
            Some(scope) => v4::string_to_sign(parts, scope.region(), self.signed_at),
        }
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        let expected = match &self.scope {
            None => v2::signature(string_to_sign, secret),
            Some(scope) => scope.signature(string_to_sign, secret),
        };
        self.signature.is(&expected)
    }
}

fn read(value: &str) -> Result<(AccessKeyId, Claim, Option<Scope>), PresentedError> {
    if let Some(rest) = authorization::after_scheme(value, v2::SCHEME) {
        let (id, signature) = authorization::id_and_signature(rest)?;
        return Ok((id, signature, None));
    }
    let rest = authorization::after_scheme(value, v4::ALGORITHM);
    let parts = authorization::Parts::parse(rest.ok_or(PresentedError::UnknownScheme)?)?;
    let (id, scope) = Scope::parse_credential(parts.require("Credential")?, v4::PRODUCT)?;
    Ok((id, Claim::new(parts.require("Signature")?), Some(scope)))
}

fn date(headers: &HeaderMap) -> Result<Timestamp, PresentedError> {
    let value = match authorization::header(headers, &DATE)? {
        Some(value) => value,
        None => authorization::header(headers, &MNS_DATE)?.ok_or(PresentedError::MissingDate)?,
    };
    time::parse_http_date(&value).ok_or(PresentedError::MalformedDate { value })
}
