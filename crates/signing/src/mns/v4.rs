//! `MNS4-HMAC-SHA256`, the newer signature that the Java SDK can be told to use.
//!
//! It resembles OSS V4 but hashes nothing before signing, lower-cases the names of parameters,
//! and covers neither body nor host.

use http::header::{CONTENT_TYPE, DATE};
use http::request::Parts;
use http::{HeaderMap, Method};
use jiff::Timestamp;

use super::{CONTENT_MD5, HEADER_PREFIX, MNS_DATE, SECURITY_TOKEN};
use crate::encode::{self, EmptyValue};
use crate::scope::Scope;
use crate::{AccessKeySecret, Credentials, SecurityToken, SignError, headers, time};

const ALGORITHM: &str = "MNS4-HMAC-SHA256";
const PRODUCT: &str = "mns";

/// The canonical form of a request, from its decoded path and parameters.
///
/// # Errors
/// [`SignError::HeaderNotText`] when a header that is signed is not UTF-8.
pub fn canonical_request(
    method: &Method,
    path: &str,
    parameters: &[(String, String)],
    headers: &HeaderMap,
) -> Result<String, SignError> {
    let is_signed =
        |name: &str| name == CONTENT_TYPE || name == CONTENT_MD5 || name.starts_with(HEADER_PREFIX);
    let lower: Vec<_> = parameters
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value.clone()))
        .collect();
    Ok(format!(
        "{method}\n{path}\n{query}\n{headers}\n",
        path = encode::path(path),
        query = encode::canonical_query(encode::borrowed(&lower), EmptyValue::DropsEquals),
        headers = headers::lines(&headers::canonical(headers, is_signed)?),
    ))
}

/// The text to sign for a request that has its content headers and `x-mns-` headers.
///
/// # Errors
/// [`SignError::HeaderNotText`], or [`SignError::NotText`] for the target.
pub fn string_to_sign(parts: &Parts, region: &str, time: Timestamp) -> Result<String, SignError> {
    let path = encode::decode(parts.uri.path())?;
    let parameters = encode::decode_query_keeping_plus(parts.uri.query().unwrap_or_default())?;
    let canonical = canonical_request(&parts.method, &path, &parameters, &parts.headers)?;
    Ok(string_to_sign_canonical(&canonical, region, time))
}

/// The text to sign for a canonical request.
#[must_use]
pub fn string_to_sign_canonical(canonical: &str, region: &str, time: Timestamp) -> String {
    let scope = Scope::new(time, region, PRODUCT);
    format!(
        "{ALGORITHM}\n{}\n{scope}\n{canonical}",
        time::iso_basic(time)
    )
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

/// Dates the request `now`, signs it and adds the token of temporary credentials.
///
/// # Errors
/// All permanent; the request is then unchanged.
pub fn sign(
    parts: &mut Parts,
    region: &str,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    let mut signed = parts.clone();
    signed.headers.remove(MNS_DATE);
    headers::set(&mut signed.headers, DATE, &time::http_date(now))?;
    let scope = Scope::new(now, region, PRODUCT);
    let text = string_to_sign(&signed, region, now)?;
    let signature = scope.signature(&text, credentials.access_key_secret());
    let id = credentials.access_key_id();
    let authorization = format!("{ALGORITHM} Credential={id}/{scope},Signature={signature}");
    headers::set_authorization(&mut signed.headers, &authorization)?;
    let token = credentials.security_token().map(SecurityToken::expose);
    headers::set_sensitive(&mut signed.headers, SECURITY_TOKEN, token)?;
    parts.headers = signed.headers;
    Ok(())
}
