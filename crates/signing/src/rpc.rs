//! The first signature of RPC-style APIs, which signs parameters and not requests.
//!
//! Query and form parameters are signed together, decoded. Neither headers nor host are
//! covered. The nonce is the caller's: this module has no randomness.

use http::Method;
use http::request::Parts;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::encode::{self, EmptyValue};
use crate::{AccessKeySecret, Credentials, SignError, mac, target, time};

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
