//! Signatures that requests present, of every scheme.
//!
//! A request as it is can present anything, and nothing must match. The same request signed by
//! us must be found to be ours, or not have been signable at all: a server that reads a
//! request otherwise than its client wrote it refuses honest callers.

use std::time::Duration;

use emulator::presented;
use http::request::Parts;
use jiff::Timestamp;
use signing::oss::{Resource, SignatureVersion};
use signing::{Credentials, acs3, dataplus, mns as mns_scheme, rpc};

use crate::http_text::HttpText;

const MIDNIGHT: i64 = 1_714_953_600;

fn ours() -> Credentials {
    Credentials::new("LTAI5tExample", "secret-of-the-example").with_security_token("token+/=")
}

fn now() -> Timestamp {
    Timestamp::from_second(MIDNIGHT).unwrap_or_default()
}

/// OSS: both versions, in headers and in the query.
pub(crate) fn oss(input: &[u8]) {
    let HttpText { parts, .. } = HttpText::read(input);
    let resource = Resource {
        bucket: Some("photos"),
        key: Some("a/b c.jpg"),
    };
    if let Ok(Some(presented)) = presented::oss::Presented::from_request(&parts) {
        let _ = presented.canonical_request(&parts, resource);
        let (_, _) = (presented.signed_at, presented.expires_at);
        let text = presented.string_to_sign(&parts, resource);
        assert!(!text.is_ok_and(|text| presented.matches(&text, ours().access_key_secret())));
    }
    let region = "cn-shanghai".to_owned();
    for version in [SignatureVersion::V1, SignatureVersion::V4 { region }] {
        let mut signed = parts.clone();
        if version.sign(&mut signed, resource, &ours(), now()).is_ok() {
            oss_ours(&signed, resource);
        }
        let mut signed = parts.clone();
        let hour = Duration::from_hours(1);
        if version
            .presign(&mut signed, resource, hour, &ours(), now())
            .is_ok()
        {
            oss_ours(&signed, resource);
        }
    }
}

/// A request that we signed is valid, unless it presents another signature as well.
fn oss_ours(signed: &Parts, resource: Resource<'_>) {
    let Ok(presented) = presented::oss::Presented::from_request(signed) else {
        return;
    };
    assert!(presented.is_some(), "a signed request counts as anonymous");
    let Some(presented) = presented else {
        return;
    };
    if presented.access_key_id != *ours().access_key_id() {
        return;
    }
    let text = presented.string_to_sign(signed, resource);
    assert!(text.is_ok(), "signed, but not readable: {text:?}");
    if let Ok(text) = text {
        assert!(
            presented.matches(&text, ours().access_key_secret()),
            "our own signature does not match: {} {:?}",
            signed.uri,
            signed.headers
        );
    }
}

/// MNS: both versions.
pub(crate) fn mns(input: &[u8]) {
    let HttpText { parts, .. } = HttpText::read(input);
    mns_checked(&parts, false);
    let mut signed = parts.clone();
    if mns_scheme::v2::sign(&mut signed, &ours(), now()).is_ok() {
        mns_checked(&signed, true);
    }
    let mut signed = parts;
    if mns_scheme::v4::sign(&mut signed, "cn-shanghai", &ours(), now()).is_ok() {
        mns_checked(&signed, true);
    }
}

fn mns_checked(parts: &Parts, is_ours: bool) {
    let presented = presented::mns::Presented::from_request(parts);
    assert!(!is_ours || presented.is_ok(), "unreadable: {presented:?}");
    let Ok(Some(presented)) = presented else {
        return;
    };
    let text = presented.string_to_sign(parts);
    assert!(
        !is_ours || text.is_ok(),
        "signed, but not readable: {text:?}"
    );
    let matches = text.is_ok_and(|text| presented.matches(&text, ours().access_key_secret()));
    assert_eq!(matches, is_ours, "{parts:?}");
}

/// The face services: Dataplus, RPC, ACS3.
pub(crate) fn face(input: &[u8]) {
    let HttpText { parts, body } = HttpText::read(input);
    let secret = ours();
    let secret = secret.access_key_secret();

    acs3_checked(&parts, &body, false);
    let mut signed = parts.clone();
    if acs3::sign(&mut signed, &body, "nonce", &ours(), now()).is_ok() {
        acs3_checked(&signed, &body, true);
    }

    if let Ok(Some(presented)) = presented::dataplus::Presented::from_request(&parts) {
        let text = dataplus::string_to_sign(&parts, &body);
        assert!(!text.is_ok_and(|text| presented.matches(&text, secret)));
    }
    let mut signed = parts.clone();
    let permanent = Credentials::new("LTAI5tExample", "secret-of-the-example");
    if dataplus::sign(&mut signed, &body, &permanent, now()).is_ok() {
        let presented = presented::dataplus::Presented::from_request(&signed);
        let text = dataplus::string_to_sign(&signed, &body);
        let matches = matches!((presented, text), (Ok(Some(presented)), Ok(text)) if presented.matches(&text, secret));
        assert!(matches, "Dataplus: {signed:?}");
    }
    rpc_checked(&parts, &body);
}

fn acs3_checked(parts: &Parts, body: &[u8], is_ours: bool) {
    let presented = presented::acs3::Presented::from_request(parts);
    assert!(!is_ours || presented.is_ok(), "unreadable: {presented:?}");
    let Ok(Some(presented)) = presented else {
        return;
    };
    let text = presented.string_to_sign(parts);
    let matches = text.is_ok_and(|text| presented.matches(&text, ours().access_key_secret()));
    assert_eq!(matches, is_ours, "{parts:?}");
    assert!(
        !is_ours || presented.covers(body),
        "the body is not covered"
    );
}

fn rpc_checked(parts: &Parts, body: &[u8]) {
    let parameters = |uri: &http::Uri| {
        let mut pairs = signing::encode::decode_query(uri.query().unwrap_or_default()).ok()?;
        pairs.extend(signing::encode::decode_query(std::str::from_utf8(body).ok()?).ok()?);
        Some(pairs)
    };
    if let Some(pairs) = parameters(&parts.uri) {
        let presented = presented::rpc::Presented::from_parameters(&pairs);
        if let Ok(Some(presented)) = presented {
            let text = rpc::string_to_sign(&parts.method, &pairs);
            assert!(!presented.matches(&text, ours().access_key_secret()));
        }
    }
    let mut signed = parts.clone();
    let form = std::str::from_utf8(body).unwrap_or_default();
    if rpc::sign(&mut signed, form, "nonce", &ours(), now()).is_err() {
        return;
    }
    let Some(pairs) = parameters(&signed.uri) else {
        return;
    };
    let presented = presented::rpc::Presented::from_parameters(&pairs);
    let text = rpc::string_to_sign(&signed.method, &pairs);
    let matches = matches!(presented, Ok(Some(presented)) if presented.matches(&text, ours().access_key_secret()));
    assert!(matches, "RPC: {}", signed.uri);
}
