//! `ACS3-HMAC-SHA256`, the signature of today's RPC-style APIs ("V3").
//!
//! Covers path, query, the hash of the body and a list of headers that the sender chooses. The
//! nonce is the caller's: this module has no randomness.

use http::header::{CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Uri};
use jiff::Timestamp;

use crate::encode::{self, EmptyValue};
use crate::{AccessKeySecret, Credentials, SecurityToken, SignError, headers, mac, target, time};

/// Carries the time that is signed.
pub const ACS_DATE: HeaderName = HeaderName::from_static("x-acs-date");
/// Carries the hexadecimal SHA-256 of the body.
pub const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-acs-content-sha256");
/// Carries the nonce.
pub const NONCE: HeaderName = HeaderName::from_static("x-acs-signature-nonce");
/// Carries the token of temporary credentials.
pub const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-acs-security-token");

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
const HEADER_PREFIX: &str = "x-acs-";

/// The canonical form of a request of which the headers `signed` are covered.
///
/// # Errors
/// [`SignError::MissingHeader`] when one of `signed` or the hash of the body is absent.
pub fn canonical_request(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    signed: &[HeaderName],
) -> Result<String, SignError> {
    if let Some(name) = signed.iter().find(|name| !headers.contains_key(*name)) {
        return Err(SignError::MissingHeader { name: name.clone() });
    }
    let hash = headers::text(headers, &CONTENT_SHA256)?;
    let parameters = target::pairs(uri)?;
    let covered = headers::canonical(headers, |name| signed.iter().any(|signed| signed == name))?;
    Ok(format!(
        "{method}\n{path}\n{query}\n{lines}\n{names}\n{hash}",
        path = uri.path(),
        query = encode::canonical_query(encode::borrowed(&parameters), EmptyValue::KeepsEquals),
        lines = headers::lines(&covered),
        names = covered.keys().copied().collect::<Vec<_>>().join(";"),
        hash = hash.ok_or(SignError::MissingHeader {
            name: CONTENT_SHA256
        })?,
    ))
}

/// The text to sign for a canonical request.
#[must_use]
pub fn string_to_sign(canonical_request: &str) -> String {
    format!(
        "{ALGORITHM}\n{}",
        mac::sha256_hex(canonical_request.as_bytes())
    )
}

/// Hexadecimal signature of `string_to_sign`.
#[must_use]
pub fn signature(string_to_sign: &str, secret: &AccessKeySecret) -> String {
    mac::hex(&mac::hmac_sha256(
        secret.expose(),
        string_to_sign.as_bytes(),
    ))
}

/// The hash of a body, as [`CONTENT_SHA256`] carries it.
#[must_use]
pub fn content_sha256(body: &[u8]) -> String {
    mac::sha256_hex(body)
}

/// Dates the request `now` and signs `Host`, `Content-Type` and all `x-acs-` headers.
///
/// `x-acs-action` and `x-acs-version` must be in place. `Host` is set from the URI if absent,
/// so that what is signed is what is sent. `nonce` must differ from call to call.
///
/// # Errors
/// All permanent; the request is then unchanged.
pub fn sign(
    parts: &mut Parts,
    body: &[u8],
    nonce: &str,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), SignError> {
    let mut headers = parts.headers.clone();
    if !headers.contains_key(HOST) {
        headers::set(&mut headers, HOST, &host(&parts.uri)?)?;
    }
    headers::set(&mut headers, ACS_DATE, &time::iso_extended(now))?;
    headers::set(&mut headers, NONCE, nonce)?;
    headers::set(&mut headers, CONTENT_SHA256, &content_sha256(body))?;
    let token = credentials.security_token().map(SecurityToken::expose);
    headers::set_sensitive(&mut headers, SECURITY_TOKEN, token)?;

    let signed: Vec<_> = headers
        .keys()
        .filter(|name| is_signed(name))
        .cloned()
        .collect();
    let canonical = canonical_request(&parts.method, &parts.uri, &headers, &signed)?;
    let signature = signature(&string_to_sign(&canonical), credentials.access_key_secret());
    let mut names: Vec<_> = signed.iter().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let authorization = format!(
        "{ALGORITHM} Credential={},SignedHeaders={},Signature={signature}",
        credentials.access_key_id(),
        names.join(";"),
    );
    headers::set_authorization(&mut headers, &authorization)?;
    parts.headers = headers;
    Ok(())
}

fn is_signed(name: &HeaderName) -> bool {
    name == HOST || name == CONTENT_TYPE || name.as_str().starts_with(HEADER_PREFIX)
}

/// The `Host` that HTTP clients send for `uri`: without the default port.
fn host(uri: &Uri) -> Result<String, SignError> {
    let host = uri.host().ok_or(SignError::MissingHeader { name: HOST })?;
    Ok(match (uri.scheme_str(), uri.port_u16()) {
        (_, None) | (Some("http"), Some(80)) | (Some("https"), Some(443)) => host.to_owned(),
        (_, Some(port)) => format!("{host}:{port}"),
    })
}
