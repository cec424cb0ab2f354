//! Signed policies of PostObject, the upload from a browser form.
//!
//! What is signed is the base64 text of a JSON policy. This module signs and checks that text;
//! what a policy allows is for its author and for the server to judge.

use jiff::Timestamp;

use super::{v1, v4};
use crate::mac::Claim;
use crate::scope::Scope;
use crate::{AccessKeyId, AccessKeySecret, Credentials, PresentedError, SecurityToken, mac, time};

const V1_ID: &str = "OSSAccessKeyId";
const V1_SIGNATURE: &str = "Signature";
const POLICY: &str = "policy";
const TOKEN: &str = v4::QUERY_TOKEN;

/// Form fields by name, in an order fit for sending; `key` and `file` are the caller's to add.
pub type Fields = Vec<(&'static str, String)>;

/// The form fields that present `policy` with a V1 signature.
#[must_use]
pub fn fields_v1(policy: &str, credentials: &Credentials) -> Fields {
    let policy = mac::base64(policy.as_bytes());
    let signature = v1::signature(&policy, credentials.access_key_secret());
    let fields = vec![
        (V1_ID, credentials.access_key_id().to_string()),
        (POLICY, policy),
        (V1_SIGNATURE, signature),
    ];
    with_token(fields, credentials)
}

/// The form fields that present `policy` with a V4 signature.
///
/// OSS wants the [`conditions_v4`] of the same arguments among the policy's conditions.
#[must_use]
pub fn fields_v4(policy: &str, region: &str, credentials: &Credentials, now: Timestamp) -> Fields {
    let policy = mac::base64(policy.as_bytes());
    let signature = v4::signature(&policy, credentials.access_key_secret(), region, now);
    let mut fields = conditions_v4(region, credentials, now);
    fields.insert(0, (POLICY, policy));
    fields.push((v4::QUERY_SIGNATURE, signature));
    with_token(fields, credentials)
}

/// The fields of a V4 form that its policy must fix, with their values.
#[must_use]
pub fn conditions_v4(region: &str, credentials: &Credentials, now: Timestamp) -> Fields {
    vec![
        (v4::QUERY_VERSION, v4::ALGORITHM.to_owned()),
        (
            v4::QUERY_CREDENTIAL,
            v4::credential(credentials, region, now),
        ),
        (v4::QUERY_DATE, time::iso_basic(now)),
    ]
}

fn with_token(mut fields: Fields, credentials: &Credentials) -> Fields {
    if let Some(token) = credentials.security_token() {
        fields.push((TOKEN, token.expose().to_owned()));
    }
    fields
}

/// A signed policy that a form presents.
#[derive(Debug, Clone)]
pub struct Presented {
    access_key_id: AccessKeyId,
    signature: Claim,
    security_token: Option<SecurityToken>,
    policy: String,
    version: Version,
}

#[derive(Debug, Clone)]
enum Version {
    V1,
    V4 { scope: Scope, signed_at: Timestamp },
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
            let field = fields
                .iter()
                .find(|(name, _)| name.as_ref().eq_ignore_ascii_case(part));
            field.map(|(_, value)| value.as_ref())
        };
        let require = |part| find(part).ok_or(PresentedError::Missing { part });
        let (access_key_id, signature, version) =
            match (find(V1_SIGNATURE), find(v4::QUERY_SIGNATURE)) {
                (Some(_), Some(_)) => return Err(PresentedError::Mixed),
                (Some(signature), None) => {
                    (AccessKeyId::new(require(V1_ID)?), signature, Version::V1)
                }
                (None, Some(signature)) => {
                    let (id, version) = read_v4(require)?;
                    (id, signature, version)
                }
                (None, None) if find(POLICY).is_none() => return Ok(None),
                (None, None) => return Err(PresentedError::Missing { part: V1_SIGNATURE }),
            };
        Ok(Some(Self {
            access_key_id,
            signature: Claim::new(signature),
            security_token: find(TOKEN).map(SecurityToken::new),
            policy: require(POLICY)?.to_owned(),
            version,
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

    /// When a V4 policy was signed.
    #[must_use]
    pub fn signed_at(&self) -> Option<Timestamp> {
        match self.version {
            Version::V1 => None,
            Version::V4 { signed_at, .. } => Some(signed_at),
        }
    }

    /// The policy as presented: base64 text, which is also the string to sign.
    #[must_use]
    pub fn policy_base64(&self) -> &str {
        &self.policy
    }

    /// The JSON text of the policy.
    ///
    /// # Errors
    /// [`PresentedError::Malformed`] when the policy is not base64 of UTF-8.
    pub fn policy_json(&self) -> Result<String, PresentedError> {
        let json = mac::base64_decode(&self.policy).and_then(|json| String::from_utf8(json).ok());
        json.ok_or(PresentedError::Malformed { part: POLICY })
    }

    /// Whether the presented signature is that of the policy; takes constant time.
    #[must_use]
    pub fn matches(&self, secret: &AccessKeySecret) -> bool {
        let expected = match &self.version {
            Version::V1 => v1::signature(&self.policy, secret),
            Version::V4 { scope, .. } => scope.signature(&self.policy, secret),
        };
        self.signature.is(&expected)
    }
}

fn read_v4<'a>(
    require: impl Fn(&'static str) -> Result<&'a str, PresentedError>,
) -> Result<(AccessKeyId, Version), PresentedError> {
    if require(v4::QUERY_VERSION)? != v4::ALGORITHM {
        return Err(PresentedError::UnknownScheme);
    }
    let (id, scope) = Scope::parse_credential(require(v4::QUERY_CREDENTIAL)?, v4::PRODUCT)?;
    let signed_at = v4::date_within(require(v4::QUERY_DATE)?, &scope)?;
    Ok((id, Version::V4 { scope, signed_at }))
}
