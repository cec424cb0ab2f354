//! Signed policies of PostObject, the upload from a browser form. The string to sign is the
//! base64 text of the policy.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use signing::oss::{v1, v4};
use signing::{AccessKeyId, AccessKeySecret, SecurityToken};

use super::authorization::Credential;
use super::{PresentedError, Signature};

/// A signed policy that a form presents.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The key that is said to have signed.
    pub access_key_id: AccessKeyId,
    /// The token that came along; the signature does not cover it.
    pub security_token: Option<SecurityToken>,
    /// The policy in base64, which is also the string to sign.
    pub policy_base64: String,
    signature: Signature,
    /// Region and date of a V4 signature.
    v4: Option<(String, Timestamp)>,
}

impl Presented {
    /// Reads form fields, whose names may be in any case; `None` for an anonymous form.
    ///
    /// # Errors
    /// [`PresentedError`] names the field that is missing or malformed.
    pub fn from_fields<N: AsRef<str>, V: AsRef<str>>(
        fields: &[(N, V)],
    ) -> Result<Option<Self>, PresentedError> {
        let find = |part: &'static str| {
            let mut fields = fields.iter();
            let field = fields.find(|(name, _)| name.as_ref().eq_ignore_ascii_case(part));
            field.map(|(_, value)| value.as_ref())
        };
        let require = |part| find(part).ok_or(PresentedError::Missing { part });
        let (access_key_id, signature, v4) = match (find("Signature"), find("x-oss-signature")) {
            (Some(_), Some(_)) => return Err(PresentedError::Mixed),
            (Some(signature), None) => {
                let id = AccessKeyId::new(require("OSSAccessKeyId")?);
                (id, signature, None)
            }
            (None, Some(signature)) => {
                if require("x-oss-signature-version")? != "OSS4-HMAC-SHA256" {
                    return Err(PresentedError::UnknownScheme);
                }
                let credential = Credential::parse(require("x-oss-credential")?, "oss")?;
                let signed_at = credential.date(require("x-oss-date")?)?;
                let v4 = (credential.region.to_owned(), signed_at);
                (credential.access_key_id, signature, Some(v4))
            }
            (None, None) if find("policy").is_none() => return Ok(None),
            (None, None) => return Err(PresentedError::Missing { part: "Signature" }),
        };
        Ok(Some(Self {
            access_key_id,
            security_token: find("x-oss-security-token").map(SecurityToken::new),
            policy_base64: require("policy")?.to_owned(),
            signature: Signature(signature.to_owned()),
            v4,
        }))
    }

    /// The JSON text of the policy.
    ///
    /// # Errors
    /// [`PresentedError::Malformed`] when the policy is not base64 of UTF-8.
    pub fn policy_json(&self) -> Result<String, PresentedError> {
        let json = BASE64_STANDARD.decode(&self.policy_base64).ok();
        json.and_then(|json| String::from_utf8(json).ok())
            .ok_or(PresentedError::Malformed { part: "policy" })
    }

    /// Whether the presented signature is that of the policy; takes constant time.
    #[must_use]
    pub fn matches(&self, secret: &AccessKeySecret) -> bool {
        self.signature.is(&match &self.v4 {
            None => v1::signature(&self.policy_base64, secret),
            Some((region, signed_at)) => {
                v4::signature(&self.policy_base64, secret, region, *signed_at)
            }
        })
    }
}
