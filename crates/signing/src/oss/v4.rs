//! `OSS4-HMAC-SHA256`, in a header or in a URL.
//!
//! Covers the method, the resource, every parameter, the content headers and all `x-oss-`
//! headers. Never the body: like the SDKs, clients declare it unsigned.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use jiff::Timestamp;

use super::{CONTENT_MD5, HEADER_PREFIX, OSS_DATE, Resource, SECURITY_TOKEN};
use crate::encode::{self, EmptyValue};
use crate::scope::Scope;
use crate::{AccessKeySecret, Credentials, SecurityToken, SignError, headers, mac, target, time};

/// The longest lifetime of a presigned URL: seven days.
pub const MAX_EXPIRES: Duration = Duration::from_hours(168);

/// Declares the hash of the body that is signed.
pub const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-oss-content-sha256");

pub(super) const ALGORITHM: &str = "OSS4-HMAC-SHA256";
const PRODUCT: &str = "oss";

const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

pub(super) const QUERY_VERSION: &str = "x-oss-signature-version";
pub(super) const QUERY_CREDENTIAL: &str = "x-oss-credential";
pub(super) const QUERY_DATE: &str = "x-oss-date";
const QUERY_EXPIRES: &str = "x-oss-expires";
const QUERY_ADDITIONAL: &str = "x-oss-additional-headers";
pub(super) const QUERY_TOKEN: &str = "x-oss-security-token";
pub(super) const QUERY_SIGNATURE: &str = "x-oss-signature";

/// The canonical form of a request, from its decoded parameters.
///
/// Of the `additional` headers only those count that exist and are not signed anyway.
///
/// # Errors
/// [`SignError::HeaderNotText`] when a header that is signed is not UTF-8.
pub fn canonical_request(
    method: &Method,
    headers: &HeaderMap,
    resource: Resource<'_>,
    parameters: &[(String, String)],
    additional: &[HeaderName],
) -> Result<String, SignError> {
    let parameters = encode::borrowed(parameters).filter(|(name, _)| *name != QUERY_SIGNATURE);
    let additional = effective(additional, headers);
    let is_signed = |name: &str| is_always_signed(name) || additional.contains(&name);
    let payload = headers::text(headers, &CONTENT_SHA256)?;
    Ok(format!(
        "{method}\n{path}\n{query}\n{headers}\n{additional}\n{payload}",
        path = encode::path(&resource.path()),
        query = encode::canonical_query(parameters, EmptyValue::DropsEquals),
        headers = headers::lines(&headers::canonical(headers, is_signed)?),
        additional = additional.join(";"),
        payload = payload.as_deref().unwrap_or(UNSIGNED_PAYLOAD),
    ))
}

/// The text to sign for a canonical request.
#[must_use]
pub fn string_to_sign(canonical_request: &str, region: &str, time: Timestamp) -> String {
    string_to_sign_dated(canonical_request, &time::iso_basic(time), region, time)
}

/// Like [`string_to_sign`], with the text that a request has for its date: an SDK may write
/// `time` in another form than `x-oss-date` usually has.
#[must_use]
pub fn string_to_sign_dated(
    canonical_request: &str,
    date: &str,
    region: &str,
    time: Timestamp,
) -> String {
    let scope = Scope::new(time, region, PRODUCT);
    let hash = mac::sha256_hex(canonical_request.as_bytes());
    format!("{ALGORITHM}\n{date}\n{scope}\n{hash}")
}

/// Hexadecimal signature of `string_to_sign`.
#[must_use]
pub fn signature(
    string_to_sign: &str,
    secret: &AccessKeySecret,
    region: &str,
    time: Timestamp,
) -> String {
    Scope::new(time, region, PRODUCT).signature(string_to_sign, secret)
}

/// Dates the request `now` and signs it in its headers.
///
/// `region` is that of the bucket without `oss-`, for example `cn-shanghai`.
///
/// # Errors
/// All permanent; the request is then unchanged.
pub fn sign(
    parts: &mut Parts,
    resource: Resource<'_>,
    region: &str,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    sign_including(parts, resource, region, &[], credentials, now)
}

/// Like [`sign`], and also covers those of the `additional` headers that the request has.
///
/// # Errors
/// All permanent; the request is then unchanged.
pub fn sign_including(
    parts: &mut Parts,
    resource: Resource<'_>,
    region: &str,
    additional: &[HeaderName],
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    let mut headers = parts.headers.clone();
    headers::set(&mut headers, OSS_DATE, &time::iso_basic(now))?;
    headers::set(&mut headers, CONTENT_SHA256, UNSIGNED_PAYLOAD)?;
    let token = credentials.security_token().map(SecurityToken::expose);
    headers::set_sensitive(&mut headers, SECURITY_TOKEN, token)?;
    let parameters = target::pairs(&parts.uri)?;
    let canonical = canonical_request(&parts.method, &headers, resource, &parameters, additional)?;
    let additional = match effective(additional, &headers).join(";").as_str() {
        "" => String::new(),
        names => format!("AdditionalHeaders={names},"),
    };
    let text = string_to_sign(&canonical, region, now);
    let signature = signature(&text, credentials.access_key_secret(), region, now);
    let credential = credential(credentials, region, now);
    let authorization =
        format!("{ALGORITHM} Credential={credential},{additional}Signature={signature}");
    headers::set_authorization(&mut headers, &authorization)?;
    parts.headers = headers;
    Ok(())
}

/// Signs the request in the query of its URI, valid from `now` for `expires`.
///
/// The user of the URL must repeat `Content-Type`, `Content-MD5` and all `x-oss-` headers.
///
/// # Errors
/// All permanent; the request is then unchanged. [`SignError::Expiry`] unless `expires` is
/// 1 second to [`MAX_EXPIRES`].
pub fn presign(
    parts: &mut Parts,
    resource: Resource<'_>,
    region: &str,
    expires: Duration,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    presign_including(parts, resource, region, &[], expires, credentials, now)
}

/// Like [`presign`], and also covers those of the `additional` headers that the request has.
///
/// # Errors
/// As for [`presign`].
pub fn presign_including(
    parts: &mut Parts,
    resource: Resource<'_>,
    region: &str,
    additional: &[HeaderName],
    expires: Duration,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    let expires = lifetime(expires)?.to_string();
    let names = effective(additional, &parts.headers).join(";");
    let (credential, date) = (credential(credentials, region, now), time::iso_basic(now));
    let mut more = vec![
        (QUERY_VERSION, ALGORITHM),
        (QUERY_CREDENTIAL, &credential),
        (QUERY_DATE, &date),
        (QUERY_EXPIRES, &expires),
    ];
    if !names.is_empty() {
        more.push((QUERY_ADDITIONAL, &names));
    }
    if let Some(token) = credentials.security_token() {
        more.push((QUERY_TOKEN, token.expose()));
    }
    let uri = target::with(&target::without(&parts.uri, &QUERY_ALL)?, &more)?;
    let parameters = target::pairs(&uri)?;
    let canonical = canonical_request(
        &parts.method,
        &parts.headers,
        resource,
        &parameters,
        additional,
    )?;
    let text = string_to_sign(&canonical, region, now);
    let signature = signature(&text, credentials.access_key_secret(), region, now);
    parts.uri = target::with(&uri, &[(QUERY_SIGNATURE, &signature)])?;
    Ok(())
}

const QUERY_ALL: [&str; 7] = [
    QUERY_VERSION,
    QUERY_CREDENTIAL,
    QUERY_DATE,
    QUERY_EXPIRES,
    QUERY_ADDITIONAL,
    QUERY_TOKEN,
    QUERY_SIGNATURE,
];

/// `<access key id>/<scope>`, as requests and policies present it.
pub(super) fn credential(credentials: &Credentials, region: &str, time: Timestamp) -> String {
    format!(
        "{}/{}",
        credentials.access_key_id(),
        Scope::new(time, region, PRODUCT)
    )
}

fn lifetime(expires: Duration) -> Result<u64, SignError> {
    let (seconds, limit_seconds) = (expires.as_secs(), MAX_EXPIRES.as_secs());
    if (1..=limit_seconds).contains(&seconds) {
        return Ok(seconds);
    }
    Err(SignError::Expiry {
        seconds,
        limit_seconds,
    })
}

fn is_always_signed(name: &str) -> bool {
    name == CONTENT_TYPE || name == CONTENT_MD5 || name.starts_with(HEADER_PREFIX)
}

/// The names that matter among `additional`, sorted.
fn effective<'a>(additional: &'a [HeaderName], headers: &HeaderMap) -> Vec<&'a str> {
    let exist = additional.iter().filter(|name| headers.contains_key(*name));
    let mut names: Vec<_> = exist
        .map(HeaderName::as_str)
        .filter(|name| !is_always_signed(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
