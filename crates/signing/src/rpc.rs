//! The first signature of RPC-style APIs, which signs parameters and not requests.
//!
//! Query and form parameters are signed together, decoded. Neither headers nor host are
//! covered. The nonce is the caller's: this module has no randomness.

use http::Method;
use http::request::Parts;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::encode::{self, EmptyValue, find};
use crate::mac::Claim;
use crate::{
    AccessKeyId, AccessKeySecret, Credentials, PresentedError, SecurityToken, SignError, mac,
    target, time,
};

const ID: &str = "AccessKeyId";
const METHOD: &str = "SignatureMethod";
const NONCE: &str = "SignatureNonce";
const SIGNATURE: &str = "Signature";
const TIMESTAMP: &str = "Timestamp";
const TOKEN: &str = "SecurityToken";
const VERSION: &str = "SignatureVersion";

/// The text to sign, from the decoded parameters of query and form together.
#[must_use]
pub fn string_to_sign(method: &Method, parameters: &[(String, String)]) -> String {
    let signed = encode::borrowed(parameters).filter(|(name, _)| *name != SIGNATURE);
    let canonical = encode::canonical_query(signed, EmptyValue::KeepsEquals);
    format!("{method}&%2F&{}", encode::component(&canonical))
}

/// Base64 signature of `string_to_sign`.
#[must_use]
pub fn signature(string_to_sign: &str, secret: &AccessKeySecret) -> String {
    let secret = secret.expose();
    // Sized up front: growing would leave a copy of the secret behind.
    let mut key = Zeroizing::new(Vec::with_capacity(secret.len() + 1));
    key.extend_from_slice(secret);
    key.push(b'&');
    mac::hmac_sha1_base64(&key, string_to_sign)
}

/// Adds the common parameters and the signature to the query of the request.
///
/// `Action`, `Version` and `Format` must be among the parameters already. `form` is the body of
/// a form request, else empty. `nonce` must differ from call to call.
///
/// # Errors
/// All permanent; the request is then unchanged.
pub fn sign(
    parts: &mut Parts,
    form: &str,
    nonce: &str,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    let timestamp = time::iso_extended(now);
    let mut more = vec![
        (ID, credentials.access_key_id().as_str()),
        (METHOD, "HMAC-SHA1"),
        (VERSION, "1.0"),
        (NONCE, nonce),
        (TIMESTAMP, &timestamp),
    ];
    if let Some(token) = credentials.security_token() {
        more.push((TOKEN, token.expose()));
    }
    let stale = [ID, METHOD, VERSION, NONCE, TIMESTAMP, TOKEN, SIGNATURE];
    let uri = target::with(&target::without(&parts.uri, &stale)?, &more)?;
    let mut parameters = target::pairs(&uri)?;
    parameters.extend(encode::decode_query(form)?);
    let text = string_to_sign(&parts.method, &parameters);
    let signature = signature(&text, credentials.access_key_secret());
    parts.uri = target::with(&uri, &[(SIGNATURE, &signature)])?;
    Ok(())
}

/// An RPC signature that the parameters of a request present.
#[derive(Debug, Clone)]
pub struct Presented {
    access_key_id: AccessKeyId,
    signature: Claim,
    nonce: String,
    security_token: Option<SecurityToken>,
    signed_at: Timestamp,
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
        let Some(signature) = find(parameters, SIGNATURE) else {
            return Ok(None);
        };
        let require = |part| find(parameters, part).ok_or(PresentedError::Missing { part });
        if require(METHOD)? != "HMAC-SHA1" || require(VERSION)? != "1.0" {
            return Err(PresentedError::UnknownScheme);
        }
        let date = find(parameters, TIMESTAMP).ok_or(PresentedError::MissingDate)?;
        let signed_at =
            time::parse_iso_extended(date).ok_or_else(|| PresentedError::MalformedDate {
                value: date.to_owned(),
            })?;
        Ok(Some(Self {
            access_key_id: AccessKeyId::new(require(ID)?),
            signature: Claim::new(signature),
            nonce: require(NONCE)?.to_owned(),
            security_token: find(parameters, TOKEN).map(SecurityToken::new),
            signed_at,
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

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        self.signature.is(&signature(string_to_sign, secret))
    }
}
