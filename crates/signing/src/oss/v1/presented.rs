//! The first OSS signature as a server receives it.

use http::HeaderMap;
use http::HeaderName;
use http::request::Parts;
use jiff::Timestamp;

use super::{QUERY_EXPIRES, QUERY_ID, QUERY_SIGNATURE, QUERY_TOKEN};
use crate::encode::find;
use crate::mac::Claim;
use crate::oss::presented::Dated;
use crate::oss::{Resource, SECURITY_TOKEN};
use crate::{
    AccessKeyId, AccessKeySecret, PresentedError, SecurityToken, SignError, authorization, target,
};

/// What the V1 signer of the second Python SDK sends the token in, unsigned.
const BARE_TOKEN: HeaderName = HeaderName::from_static("security-token");

/// A V1 signature that a request presents.
#[derive(Debug, Clone)]
pub struct Presented {
    access_key_id: AccessKeyId,
    signature: Claim,
    security_token: Option<SecurityToken>,
    /// The date line exactly as it was signed.
    date: String,
    validity: Validity,
}

#[derive(Debug, Clone, Copy)]
enum Validity {
    SignedAt(Timestamp),
    ExpiresAt(Timestamp),
}

/// Whether the query carries any part of a V1 signature.
pub(crate) fn is_in_query(query: &[(String, String)]) -> bool {
    find(query, QUERY_SIGNATURE)
        .or(find(query, QUERY_ID))
        .is_some()
}

impl Presented {
    pub(crate) fn from_header(rest: &str, headers: &HeaderMap) -> Result<Self, PresentedError> {
        let (access_key_id, signature) = authorization::id_and_signature(rest)?;
        let token = authorization::header(headers, &SECURITY_TOKEN)?
            .or(authorization::header(headers, &BARE_TOKEN)?);
        let Dated { text, time } = Dated::from_headers(headers)?;
        Ok(Self {
            access_key_id,
            signature,
            security_token: token.map(SecurityToken::new),
            date: text,
            validity: Validity::SignedAt(time),
        })
    }

    pub(crate) fn from_query(query: &[(String, String)]) -> Result<Self, PresentedError> {
        let require = |part| find(query, part).ok_or(PresentedError::Missing { part });
        let date = require(QUERY_EXPIRES)?.to_owned();
        let expires_at = date
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        let expires_at = expires_at.ok_or_else(|| PresentedError::MalformedExpiry {
            value: date.clone(),
        })?;
        Ok(Self {
            access_key_id: AccessKeyId::new(require(QUERY_ID)?),
            signature: Claim::new(require(QUERY_SIGNATURE)?),
            security_token: find(query, QUERY_TOKEN).map(SecurityToken::new),
            date,
            validity: Validity::ExpiresAt(expires_at),
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

    /// The date of a request signed in its headers.
    #[must_use]
    pub fn signed_at(&self) -> Option<Timestamp> {
        match self.validity {
            Validity::SignedAt(time) => Some(time),
            Validity::ExpiresAt(_) => None,
        }
    }

    /// When a presigned URL expires.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self.validity {
            Validity::SignedAt(_) => None,
            Validity::ExpiresAt(time) => Some(time),
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
        let parameters = target::pairs(&parts.uri)?;
        super::string_to_sign(
            &parts.method,
            &parts.headers,
            resource,
            &parameters,
            &self.date,
        )
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        self.signature.is(&super::signature(string_to_sign, secret))
    }
}
