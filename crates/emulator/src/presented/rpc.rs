//! The first signature of RPC-style APIs, among the parameters of query and form.

use jiff::Timestamp;
use signing::{AccessKeyId, AccessKeySecret, SecurityToken, rpc, time};

use super::{PresentedError, Signature, find};

/// An RPC signature that the parameters of a request present.
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
}

impl Presented {
    /// Reads the decoded parameters of query and form together; `None` when they carry no
    /// signature.
    ///
    /// # Errors
    /// [`PresentedError`] names the parameter that is missing or malformed.
    pub fn from_parameters(
        parameters: &[(String, String)],
    ) -> Result<Option<Self>, PresentedError> {
        let Some(signature) = find(parameters, "Signature") else {
            return Ok(None);
        };
        let require = |part| find(parameters, part).ok_or(PresentedError::Missing { part });
        if require("SignatureMethod")? != "HMAC-SHA1" || require("SignatureVersion")? != "1.0" {
            return Err(PresentedError::UnknownScheme);
        }
        let date = find(parameters, "Timestamp").ok_or(PresentedError::MissingDate)?;
        Ok(Some(Self {
            signed_at: time::parse_iso_extended(date).ok_or_else(|| PresentedError::date(date))?,
            access_key_id: AccessKeyId::new(require("AccessKeyId")?),
            signature: Signature(signature.to_owned()),
            nonce: require("SignatureNonce")?.to_owned(),
            security_token: find(parameters, "SecurityToken").map(SecurityToken::new),
        }))
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        self.signature.is(&rpc::signature(string_to_sign, secret))
    }
}
