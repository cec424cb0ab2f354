//! The HMAC-SHA1 signature of OSS, in a header or in a URL.
//!
//! It signs the decoded key and the decoded values of those parameters that count as
//! sub-resources; every other parameter can be changed by anyone who holds the request.

mod sub_resource;

use std::time::Duration;

use http::header::{CONTENT_TYPE, DATE};
use http::request::Parts;
use http::{HeaderMap, Method};
use jiff::Timestamp;

use super::{CONTENT_MD5, HEADER_PREFIX, OSS_DATE, Resource, SECURITY_TOKEN};
use crate::{AccessKeySecret, Credentials, SecurityToken, SignError, headers, mac, target, time};

const SCHEME: &str = "OSS";

const QUERY_ID: &str = "OSSAccessKeyId";
const QUERY_EXPIRES: &str = "Expires";
const QUERY_SIGNATURE: &str = "Signature";
const QUERY_TOKEN: &str = "security-token";

/// The text to sign, from decoded parameters and the content of the date line.
///
/// `date` is `x-oss-date` or `Date` as sent, or the expiry in Unix seconds of a URL.
///
/// # Errors
/// [`SignError::HeaderNotText`] when a header that is signed is not UTF-8.
pub fn string_to_sign(
    method: &Method,
    headers: &HeaderMap,
    resource: Resource<'_>,
    parameters: &[(String, String)],
    date: &str,
) -> Result<String, SignError> {
    let own = headers::canonical(headers, |name| name.starts_with(HEADER_PREFIX))?;
    Ok(format!(
        "{method}\n{md5}\n{content_type}\n{date}\n{own}{path}{sub_resources}",
        md5 = headers::text_or_empty(headers, &CONTENT_MD5)?,
        content_type = headers::text_or_empty(headers, &CONTENT_TYPE)?,
        own = headers::lines(&own),
        path = resource.path(),
        sub_resources = sub_resource::canonical(parameters),
    ))
}

/// Base64 signature of `string_to_sign`.
#[must_use]
pub fn signature(string_to_sign: &str, secret: &AccessKeySecret) -> String {
    mac::hmac_sha1_base64(secret.expose(), string_to_sign)
}

/// Dates the request `now` and signs it in its headers.
///
/// # Errors
/// All permanent; the request is then unchanged.
pub fn sign(
    parts: &mut Parts,
    resource: Resource<'_>,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    let mut headers = parts.headers.clone();
    let date = time::http_date(now);
    headers.remove(OSS_DATE);
    headers::set(&mut headers, DATE, &date)?;
    let token = credentials.security_token().map(SecurityToken::expose);
    headers::set_sensitive(&mut headers, SECURITY_TOKEN, token)?;
    let parameters = target::pairs(&parts.uri)?;
    let text = string_to_sign(&parts.method, &headers, resource, &parameters, &date)?;
    let signature = signature(&text, credentials.access_key_secret());
    let authorization = format!("{SCHEME} {}:{signature}", credentials.access_key_id());
    headers::set_authorization(&mut headers, &authorization)?;
    parts.headers = headers;
    Ok(())
}

/// Signs the request in the query of its URI, valid from `now` for `expires`.
///
/// The user of the URL must repeat `Content-Type`, `Content-MD5` and all `x-oss-` headers.
///
/// # Errors
/// All permanent; the request is then unchanged. [`SignError::Expiry`] only for a lifetime
/// that rounds to no second at all or reaches past the end of time.
pub fn presign(
    parts: &mut Parts,
    resource: Resource<'_>,
    expires: Duration,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    let expires = expiry(expires, now)?.to_string();
    let mut uri = target::without(
        &parts.uri,
        &[QUERY_ID, QUERY_EXPIRES, QUERY_SIGNATURE, QUERY_TOKEN],
    )?;
    if let Some(token) = credentials.security_token() {
        uri = target::with(&uri, &[(QUERY_TOKEN, token.expose())])?;
    }
    let parameters = target::pairs(&uri)?;
    let text = string_to_sign(
        &parts.method,
        &parts.headers,
        resource,
        &parameters,
        &expires,
    )?;
    let signature = signature(&text, credentials.access_key_secret());
    let id = credentials.access_key_id().as_str();
    let more = [
        (QUERY_ID, id),
        (QUERY_EXPIRES, &expires),
        (QUERY_SIGNATURE, &signature),
    ];
    parts.uri = target::with(&uri, &more)?;
    Ok(())
}

/// The moment of expiry in Unix seconds.
fn expiry(lifetime: Duration, now: Timestamp) -> Result<i64, SignError> {
    let seconds = lifetime.as_secs();
    let limit = Timestamp::MAX.as_second() - now.as_second();
    match i64::try_from(seconds) {
        Ok(lifetime) if (1..=limit).contains(&lifetime) => Ok(now.as_second() + lifetime),
        _ => Err(SignError::Expiry {
            seconds,
            limit_seconds: limit.unsigned_abs(),
        }),
    }
}
