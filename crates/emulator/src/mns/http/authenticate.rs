//! Authentication: key, date, signature and checksum of a request.
//!
//! Nothing in the request is acted upon before this has passed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use md5::{Digest as _, Md5};

use crate::keys::KeyError;
use crate::mns::refusal::{Code, Refusal};
use crate::presented::PresentedError;
use crate::presented::mns::Presented;
use crate::shared::Shared;

/// How far the date of a request may be from the time it arrives.
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// Checks headers, date, key, signature and checksum, in this order.
pub(super) fn check(
    shared: &Shared,
    parts: &Parts,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Refusal> {
    let presented = Presented::from_request(parts).map_err(|error| unreadable(&error))?;
    let presented = presented.ok_or(Code::MissingAuthorizationHeader)?;
    if !parts.headers.contains_key("x-mns-version") {
        return Err(Code::MissingVersionHeader.into());
    }
    if now.duration_since(presented.signed_at).abs() > MAX_SKEW {
        return Err(Code::TimeExpired.into());
    }
    check_signature(shared, parts, &presented, now)?;
    check_md5(&parts.headers, body)
}

fn unreadable(error: &PresentedError) -> Refusal {
    match error {
        PresentedError::MissingDate => Code::MissingDateHeader.into(),
        PresentedError::MalformedDate { .. } => Code::InvalidDateHeader.into(),
        _ => Code::InvalidAuthorizationHeader.into(),
    }
}

fn check_signature(
    shared: &Shared,
    parts: &Parts,
    presented: &Presented,
    now: Timestamp,
) -> Result<(), Refusal> {
    let id = presented.access_key_id.as_str();
    let credentials = shared.keys.find(id, presented.security_token.as_ref(), now);
    let credentials = credentials.map_err(unacceptable)?;
    let text = presented.string_to_sign(parts);
    let text = text.map_err(|_| Refusal::from(Code::SignatureDoesNotMatch))?;
    let region = presented.region.as_ref();
    let region = region.is_none_or(|region| *region == shared.settings.region);
    if region && presented.matches(&text, credentials.access_key_secret()) {
        Ok(())
    } else {
        Err(Code::SignatureDoesNotMatch.into())
    }
}

/// The service documents no code for a wrong or expired security token.
fn unacceptable(error: KeyError) -> Refusal {
    match error {
        KeyError::Unknown => Code::InvalidAccessKeyId.into(),
        KeyError::Token => Refusal::new(Code::AccessDenied, "The security token is not valid."),
        KeyError::Expired => Refusal::new(Code::AccessDenied, "The security token has expired."),
    }
}

/// Accepts the documented form, base64 of the digest, and what the Python and Go SDKs
/// send, base64 of its hexadecimal text.
fn check_md5(headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let Some(sent) = headers.get("content-md5") else {
        return Ok(());
    };
    let digest = Md5::digest(body);
    let hex = format!("{:032x}", u128::from_be_bytes(digest.into()));
    let forms = [BASE64_STANDARD.encode(digest), BASE64_STANDARD.encode(hex)];
    let matches = forms.iter().any(|form| form.as_bytes() == sent.as_bytes());
    if matches || (sent.is_empty() && body.is_empty()) {
        Ok(())
    } else {
        Err(Code::InvalidDegist.into())
    }
}

#[cfg(test)]
mod tests;
