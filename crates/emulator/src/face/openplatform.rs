//! `AuthorizeFileUpload` of openplatform: leave to put one picture into a bucket of the face
//! service, for callers whose own pictures are on their disks or in other regions.
//!
//! Callers upload to `https://<Bucket>.<Endpoint>/` and then speak of
//! `http://<Bucket>.<Endpoint>/<ObjectKey>`. Where the emulator is reached by an IP address,
//! nothing can stand in front of it; there the address itself is cut in two, so that both
//! URLs come out right, and the real bucket stands in the key. A caller that was told where
//! OSS is puts the cut-off piece into the path instead, as a bucket, so one of that name is
//! kept too.

use std::net::Ipv4Addr;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use signing::oss::post_policy;
use uuid::Uuid;

use super::picture::MAX_BYTES;
use super::{Face, UPLOAD_BUCKET};
use crate::gateway::{RpcCall, RpcError};

/// The only version there is.
pub(super) const VERSION: &str = "2019-12-19";

/// How long an upload may be put off.
const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Authorization {
    access_key_id: String,
    encoded_policy: String,
    signature: String,
    object_key: String,
    bucket: String,
    endpoint: String,
    use_accelerate: bool,
}

/// Where uploads go, as an answer says it.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    bucket: String,
    endpoint: String,
    /// What stands before the name of the object in its key.
    prefix: String,
}

/// Allows one upload. `oss` is host and port of the emulator's OSS as the caller reaches it.
pub(super) fn authorize(
    face: &Face,
    call: &RpcCall,
    oss: &str,
    now: Timestamp,
) -> Result<Authorization, RpcError> {
    if call.require("Product")? != "facebody" {
        return Err(RpcError::bad(
            "InvalidProduct",
            "Only the product facebody is known here.",
        ));
    }
    let target = Target::of(oss);
    for bucket in [UPLOAD_BUCKET, &target.bucket] {
        let kept = face.oss.ensure_public_bucket(bucket);
        kept.map_err(|_| RpcError::internal("The bucket for uploads cannot be made."))?;
    }
    let name = format!(
        "{}/{}",
        face.shared.settings.account,
        Uuid::new_v4().simple()
    );
    let object_key = format!("{}{name}", target.prefix);
    let policy = serde_json::json!({
        "expiration": (now + LIFETIME).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "conditions": [
            ["in", "$key", [&name, &object_key]],
            ["content-length-range", 0, MAX_BYTES],
        ],
    });
    let mut fields = post_policy::fields_v1(&policy.to_string(), &face.own_key);
    let mut field = |name| {
        let position = fields.iter().position(|(known, _)| *known == name);
        position
            .map(|position| fields.swap_remove(position).1)
            .unwrap_or_default()
    };
    Ok(Authorization {
        access_key_id: field("OSSAccessKeyId"),
        encoded_policy: field("policy"),
        signature: field("Signature"),
        object_key,
        bucket: target.bucket,
        endpoint: target.endpoint,
        use_accelerate: false,
    })
}

impl Target {
    fn of(oss: &str) -> Self {
        let host = oss.rsplit_once(':').map_or(oss, |(host, _)| host);
        match oss
            .split_once('.')
            .filter(|_| host.parse::<Ipv4Addr>().is_ok())
        {
            Some((first, rest)) => Self {
                bucket: first.to_owned(),
                endpoint: rest.to_owned(),
                prefix: format!("{UPLOAD_BUCKET}/"),
            },
            None => Self {
                bucket: UPLOAD_BUCKET.to_owned(),
                endpoint: oss.to_owned(),
                prefix: String::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_and_endpoint_together_are_where_oss_is() {
        for (oss, bucket, endpoint, prefix) in [
            ("127.0.0.1:9000", "127", "0.0.1:9000", "viapi-upload/"),
            ("10.1.2.3", "10", "1.2.3", "viapi-upload/"),
            ("localhost:9000", "viapi-upload", "localhost:9000", ""),
            ("oss.test", "viapi-upload", "oss.test", ""),
        ] {
            let expected = Target {
                bucket: bucket.to_owned(),
                endpoint: endpoint.to_owned(),
                prefix: prefix.to_owned(),
            };
            assert_eq!(Target::of(oss), expected, "{oss}");
        }
    }
}
