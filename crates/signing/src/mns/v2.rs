//! The HMAC-SHA1 signature that all MNS SDKs send, called "V2" in some of them.
//!
//! The resource is the request target exactly as sent, never decoded and encoded again.

use http::header::{CONTENT_TYPE, DATE};
use http::request::Parts;
use jiff::Timestamp;

use super::{CONTENT_MD5, HEADER_PREFIX, MNS_DATE, SECURITY_TOKEN};
use crate::{AccessKeySecret, Credentials, SecurityToken, SignError, headers, mac, target, time};

const SCHEME: &str = "MNS";

/// The text to sign for a request that already has its date and `x-mns-` headers.
///
/// # Errors
/// [`SignError::HeaderNotText`] when a header that is signed is not UTF-8.
pub fn string_to_sign(parts: &Parts) -> Result<String, SignError> {
    let mut date = headers::text(&parts.headers, &DATE)?;
    if date.is_none() {
        date = headers::text(&parts.headers, &MNS_DATE)?;
    }
    let own = headers::canonical(&parts.headers, |name| name.starts_with(HEADER_PREFIX))?;
    Ok(format!(
        "{method}\n{md5}\n{content_type}\n{date}\n{own}{resource}",
        method = parts.method,
        md5 = headers::text_or_empty(&parts.headers, &CONTENT_MD5)?,
        content_type = headers::text_or_empty(&parts.headers, &CONTENT_TYPE)?,
        date = date.unwrap_or_default(),
        own = headers::lines(&own),
        resource = target::raw(&parts.uri),
    ))
}

/// Base64 signature of `string_to_sign`.
#[must_use]
pub fn signature(string_to_sign: &str, secret: &AccessKeySecret) -> String {
    mac::hmac_sha1_base64(secret.expose(), string_to_sign)
}

/// Dates the request `now`, signs it and adds the token of temporary credentials.
///
/// Content headers and `x-mns-` headers must be in place. The target is signed as it is, so
/// the transport must send it unchanged.
///
/// # Errors
/// All permanent; the request is then unchanged.
pub fn sign(parts: &mut Parts, credentials: &Credentials, now: Timestamp) -> Result<(), SignError> {
    let mut signed = parts.clone();
    signed.headers.remove(MNS_DATE);
    headers::set(&mut signed.headers, DATE, &time::http_date(now))?;
    let signature = signature(&string_to_sign(&signed)?, credentials.access_key_secret());
    let authorization = format!("{SCHEME} {}:{signature}", credentials.access_key_id());
    headers::set_authorization(&mut signed.headers, &authorization)?;
    let token = credentials.security_token().map(SecurityToken::expose);
    headers::set_sensitive(&mut signed.headers, SECURITY_TOKEN, token)?;
    parts.headers = signed.headers;
    Ok(())
}
