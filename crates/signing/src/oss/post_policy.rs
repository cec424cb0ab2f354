//! Signed policies of PostObject, the upload from a browser form.
//!
//! The base64 text of a JSON policy is signed. The author of a policy decides what it allows.

use jiff::Timestamp;

use super::{v1, v4};
use crate::{Credentials, mac, time};

const V1_ID: &str = "OSSAccessKeyId";
const V1_SIGNATURE: &str = "Signature";
const POLICY: &str = "policy";

/// Form fields by name, in an order fit for sending; `key` and `file` are the caller's to add.
pub type Fields = Vec<(&'static str, String)>;

/// The form fields that present `policy` with a V1 signature.
#[must_use]
pub fn fields_v1(policy: &str, credentials: &Credentials) -> Fields {
    let policy = mac::base64(policy.as_bytes());
    let signature = v1::signature(&policy, credentials.access_key_secret());
    let fields = vec![
        (V1_ID, credentials.access_key_id().to_string()),
        (POLICY, policy),
        (V1_SIGNATURE, signature),
    ];
    with_token(fields, credentials)
}

/// The form fields that present `policy` with a V4 signature.
///
/// OSS wants the [`conditions_v4`] of the same arguments among the policy's conditions.
#[must_use]
pub fn fields_v4(policy: &str, region: &str, credentials: &Credentials, now: Timestamp) -> Fields {
    let policy = mac::base64(policy.as_bytes());
    let signature = v4::signature(&policy, credentials.access_key_secret(), region, now);
    let mut fields = conditions_v4(region, credentials, now);
    fields.insert(0, (POLICY, policy));
    fields.push((v4::QUERY_SIGNATURE, signature));
    with_token(fields, credentials)
}

/// The fields of a V4 form that its policy must fix, with their values.
#[must_use]
pub fn conditions_v4(region: &str, credentials: &Credentials, now: Timestamp) -> Fields {
    vec![
        (v4::QUERY_VERSION, v4::ALGORITHM.to_owned()),
        (
            v4::QUERY_CREDENTIAL,
            v4::credential(credentials, region, now),
        ),
        (v4::QUERY_DATE, time::iso_basic(now)),
    ]
}

fn with_token(mut fields: Fields, credentials: &Credentials) -> Fields {
    if let Some(token) = credentials.security_token() {
        fields.push((v4::QUERY_TOKEN, token.expose().to_owned()));
    }
    fields
}
