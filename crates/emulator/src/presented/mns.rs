//! Signatures of MNS: the one of all SDKs, and the newer one of the Java SDK.

use http::header::DATE;
use http::request::Parts;
use jiff::Timestamp;
use signing::mns::{MNS_DATE, SECURITY_TOKEN, v2, v4};
use signing::{AccessKeyId, AccessKeySecret, SecurityToken, SignError, time};

use super::authorization::{self, Credential};
use super::{PresentedError, Signature};

/// Credentials as presented to MNS in the headers of a request.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The key that is said to have signed.
    pub access_key_id: AccessKeyId,
    /// The token that came along; the signature does not cover it.
    pub security_token: Option<SecurityToken>,
    /// The time on the request.
    pub signed_at: Timestamp,
    /// The region that a V4 signature is for.
    pub region: Option<String>,
    signature: Signature,
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
        if let Some(rest) = authorization::after_scheme(&value, "MNS") {
            let (access_key_id, signature) = authorization::id_and_signature(rest)?;
            return Self::read(parts, access_key_id, signature, None).map(Some);
        }
        let rest = authorization::after_scheme(&value, "MNS4-HMAC-SHA256");
        let list = authorization::Parts::parse(rest.ok_or(PresentedError::UnknownScheme)?)?;
        let credential = Credential::parse(list.require("Credential")?, "mns")?;
        let signature = Signature(list.require("Signature")?.to_owned());
        let id = credential.access_key_id.clone();
        let presented = Self::read(parts, id, signature, Some(credential.region.to_owned()))?;
        credential.check_day(presented.signed_at)?;
        Ok(Some(presented))
    }

    fn read(
        parts: &Parts,
        access_key_id: AccessKeyId,
        signature: Signature,
        region: Option<String>,
    ) -> Result<Self, PresentedError> {
        let token = authorization::header(&parts.headers, &SECURITY_TOKEN)?;
        let date = match authorization::header(&parts.headers, &DATE)? {
            Some(date) => Some(date),
            None => authorization::header(&parts.headers, &MNS_DATE)?,
        };
        let date = date.ok_or(PresentedError::MissingDate)?;
        Ok(Self {
            access_key_id,
            security_token: token.map(SecurityToken::new),
            signed_at: time::parse_http_date(&date).ok_or_else(|| PresentedError::date(&date))?,
            region,
            signature,
        })
    }

    /// The text that the sender should have signed.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn string_to_sign(&self, parts: &Parts) -> Result<String, SignError> {
        match &self.region {
            None => v2::string_to_sign(parts),
            Some(region) => v4::string_to_sign(parts, region, self.signed_at),
        }
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        self.signature.is(&match &self.region {
            None => v2::signature(string_to_sign, secret),
            Some(region) => v4::signature(string_to_sign, secret, region, self.signed_at),
        })
    }
}
