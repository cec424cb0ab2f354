//! Authentication: the caller of a request, and whether its signature is valid.
//!
//! [`presented`](crate::presented) reads and recomputes. What is decided here is which key,
//! which clock and which answer. What the sender may do is decided in [`super::access`].

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use signing::oss::Resource;
use signing::{Credentials, SecurityToken};

use super::error::{OssError, Result};
use super::request::OssRequest;
use crate::keys::{KeyError, Keys};
use crate::presented::PresentedError;
use crate::presented::oss::Presented;

/// How far the clocks of client and service may be apart.
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// The caller of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The holder of an accepted key.
    Owner,
    /// Without a signature.
    Anonymous,
}

/// Authenticates a request; `now` is the time of the clock that checks.
///
/// # Errors
/// When the request presents credentials that are malformed, late, unknown or wrong.
pub(crate) fn authenticate(
    request: &OssRequest,
    keys: &Keys,
    region: &str,
    now: Timestamp,
) -> Result<Caller> {
    let Some(presented) = Presented::from_request(&request.parts).map_err(unreadable)? else {
        return Ok(Caller::Anonymous);
    };
    check_time(&presented, now)?;
    check_region(&presented, region)?;
    let id = presented.access_key_id.as_str();
    let credentials = find_key(keys, id, presented.security_token.as_ref(), now)?;
    check_signature(request, &presented, &credentials)?;
    Ok(Caller::Owner)
}

/// The credentials that a key id and token stand for.
///
/// # Errors
/// `InvalidAccessKeyId` and the errors of tokens.
pub(crate) fn find_key(
    keys: &Keys,
    id: &str,
    token: Option<&SecurityToken>,
    now: Timestamp,
) -> Result<std::sync::Arc<Credentials>> {
    keys.find(id, token, now).map_err(|error| match error {
        KeyError::Unknown => {
            let message = "The OSS Access Key Id you provided does not exist in our records.";
            OssError::forbidden("InvalidAccessKeyId", message)
                .with("OSSAccessKeyId", id)
                .with_event_code("0002-00000902")
        }
        KeyError::Token if token.is_none() => {
            let message = "The security token is missing.";
            OssError::forbidden("InvalidAccessKeyId", message).with("OSSAccessKeyId", id)
        }
        KeyError::Token => {
            let message = "The security token you provided is invalid.";
            OssError::forbidden("InvalidSecurityToken", message)
        }
        KeyError::Expired => {
            let message = "The security token you provided has expired.";
            OssError::forbidden("SecurityTokenExpired", message)
        }
    })
}

/// The answer to credentials that cannot be read.
pub(crate) fn unreadable(error: PresentedError) -> OssError {
    match error {
        PresentedError::MissingDate | PresentedError::MalformedDate { .. } => {
            OssError::access_denied("OSS authentication requires a valid Date.")
        }
        PresentedError::MalformedExpiry { value } => {
            OssError::invalid_argument("expires", &value).with_event_code("0002-00000232")
        }
        error => OssError::bad(
            "InvalidArgument",
            format!("Authorization is invalid: {error}."),
        ),
    }
}

/// The answer to a signature that is not the expected one.
pub(crate) fn mismatch(access_key_id: &str, provided: &str, string_to_sign: &str) -> OssError {
    let message = "The request signature we calculated does not match the signature you \
                   provided. Check your key and signing method.";
    OssError::forbidden("SignatureDoesNotMatch", message)
        .with("OSSAccessKeyId", access_key_id)
        .with("SignatureProvided", provided)
        .with("StringToSign", string_to_sign)
        .with("StringToSignBytes", spelled_bytes(string_to_sign))
        .with_event_code("0002-00000040")
}

fn check_time(presented: &Presented, now: Timestamp) -> Result<()> {
    match (presented.expires_at, presented.signed_at) {
        (Some(expires), _) if expires < now => Err(expired(expires, now)),
        // A URL may be used before its date, as far as clocks may differ.
        (Some(_), Some(signed)) if signed.duration_since(now) > MAX_SKEW => {
            let message = "The request time is earlier than the valid time of the URL.";
            Err(OssError::access_denied(message).with_event_code("0002-00000235"))
        }
        (None, Some(signed)) if signed.duration_since(now).abs() > MAX_SKEW => {
            Err(too_skewed(signed, now))
        }
        _ => Ok(()),
    }
}

fn expired(expires: Timestamp, now: Timestamp) -> OssError {
    OssError::access_denied("Request has expired.")
        .with("Expires", super::iso_time(expires))
        .with("ServerTime", super::iso_time(now))
}

fn too_skewed(signed: Timestamp, now: Timestamp) -> OssError {
    let message = "The difference between the request time and the current time is too large.";
    OssError::forbidden("RequestTimeTooSkewed", message)
        .with(
            "MaxAllowedSkewMilliseconds",
            MAX_SKEW.as_millis().to_string(),
        )
        .with_event_code("0002-00000504")
        .with("RequestTime", super::iso_time(signed))
        .with("ServerTime", super::iso_time(now))
}

fn check_region(presented: &Presented, region: &str) -> Result<()> {
    match presented.region() {
        Some(presented_region) if presented_region != region => {
            let message = match presented.expires_at {
                None => "Invalid signing region in Authorization header.",
                Some(_) => "The signing region in credential is invalid.",
            };
            let error = OssError::bad("InvalidArgument", message);
            Err(error
                .with("Region", presented_region)
                .with_event_code("0002-00000226"))
        }
        _ => Ok(()),
    }
}

fn check_signature(
    request: &OssRequest,
    presented: &Presented,
    credentials: &Credentials,
) -> Result<()> {
    let (bucket, key) = (
        request.address.bucket.as_deref(),
        request.address.key.as_deref(),
    );
    let resource = Resource { bucket, key };
    let unsignable = |_| OssError::bad("InvalidArgument", "The request cannot be signed.");
    let string_to_sign = presented
        .string_to_sign(&request.parts, resource)
        .map_err(unsignable)?;
    if presented.matches(&string_to_sign, credentials.access_key_secret()) {
        return Ok(());
    }
    let id = credentials.access_key_id().as_str();
    let error = mismatch(id, &provided(request), &string_to_sign);
    let canonical = presented
        .canonical_request(&request.parts, resource)
        .map_err(unsignable)?;
    Err(match canonical {
        Some(canonical) => error.with("CanonicalRequest", canonical),
        None => error,
    })
}

/// The signature as the client sent it, to be shown back to it.
fn provided(request: &OssRequest) -> String {
    let in_query = ["Signature", "x-oss-signature"]
        .iter()
        .find_map(|name| request.query.get(name));
    in_query
        .map(str::to_owned)
        .or_else(|| in_header(&request.parts.headers))
        .unwrap_or_default()
}

fn in_header(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let signature = match value.split_once("Signature=") {
        Some((_, signature)) => signature.split([',', ' ']).next(),
        None => value.rsplit(':').next(),
    };
    signature.map(str::to_owned)
}

/// `47 45 54 `: every byte in hex, each followed by a blank.
fn spelled_bytes(text: &str) -> String {
    text.bytes()
        .flat_map(|byte| format!("{byte:02X} ").into_bytes())
        .map(char::from)
        .collect()
}
