//! The signature of the old face API, called Dataplus.
//!
//! The scheme has no place for a security token, so temporary credentials are refused here
//! rather than by the service.

use http::header::{ACCEPT, CONTENT_TYPE, DATE};
use http::request::Parts;
use jiff::Timestamp;

use crate::{AccessKeySecret, Credentials, SignError, headers, mac, target, time};

const SCHEME: &str = "Dataplus";

/// The text to sign for a request that already has its date.
///
/// # Errors
/// [`SignError::HeaderNotText`] when a header that is signed is not UTF-8.
pub fn string_to_sign(parts: &Parts, body: &[u8]) -> Result<String, SignError> {
    Ok(format!(
        "{method}\n{accept}\n{md5}\n{content_type}\n{date}\n{resource}",
        method = parts.method,
        accept = headers::text_or_empty(&parts.headers, &ACCEPT)?,
        md5 = if body.is_empty() {
            String::new()
        } else {
            mac::md5_base64(body)
        },
        content_type = headers::text_or_empty(&parts.headers, &CONTENT_TYPE)?,
        date = headers::text_or_empty(&parts.headers, &DATE)?,
        resource = target::raw(&parts.uri),
    ))
}

/// Base64 signature of `string_to_sign`.
#[must_use]
pub fn signature(string_to_sign: &str, secret: &AccessKeySecret) -> String {
    mac::hmac_sha1_base64(secret.expose(), string_to_sign)
}

/// Dates the request `now` and signs it. `Accept` and `Content-Type` must be in place.
///
/// # Errors
/// All permanent; the request is then unchanged. [`SignError::TokenUnsupported`] for
/// temporary credentials.
pub fn sign(
    parts: &mut Parts,
    body: &[u8],
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    if credentials.security_token().is_some() {
        return Err(SignError::TokenUnsupported { scheme: SCHEME });
    }
    let mut signed = parts.clone();
    headers::set(&mut signed.headers, DATE, &time::http_date(now))?;
    let signature = signature(
        &string_to_sign(&signed, body)?,
        credentials.access_key_secret(),
    );
    let authorization = format!("{SCHEME} {}:{signature}", credentials.access_key_id());
    headers::set_authorization(&mut signed.headers, &authorization)?;
    parts.headers = signed.headers;
    Ok(())
}
