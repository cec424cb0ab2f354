//! Signatures of OSS: requests with headers, presigned URLs and browser forms.
//!
//! [`v4`] is the scheme to use; [`v1`] is being phased out but still in wide use.
//! [`SignatureVersion`] lets a client choose. A signature covers bucket and key wherever they are
//! written (host, path or nowhere, with a custom domain), so callers pass them as a [`Resource`].

pub mod post_policy;
pub mod v1;
pub mod v4;

use std::time::Duration;

use http::HeaderName;
use http::request::Parts;
use jiff::Timestamp;

use self::post_policy::Fields;
use crate::{Credentials, SignError};

/// Carries the time that V4 signs, and in V1 may stand in for `Date`.
pub const OSS_DATE: HeaderName = HeaderName::from_static("x-oss-date");

/// Carries the token of temporary credentials.
pub const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-oss-security-token");

const HEADER_PREFIX: &str = "x-oss-";
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// What a request is about, decoded. A key without a bucket counts as neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resource<'a> {
    /// The bucket; `None` for calls to the service, such as listing buckets.
    pub bucket: Option<&'a str>,
    /// The object key; `None` for calls to the bucket.
    pub key: Option<&'a str>,
}

impl Resource<'_> {
    /// `/`, `/<bucket>/` or `/<bucket>/<key>`, not encoded.
    fn path(&self) -> String {
        match self.bucket {
            None => "/".to_owned(),
            Some(bucket) => format!("/{bucket}/{}", self.key.unwrap_or_default()),
        }
    }
}

/// Which signature a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureVersion {
    /// `OSS <access key id>:<signature>`
    V1,
    /// `OSS4-HMAC-SHA256`
    V4 {
        /// The region without `oss-`, for example `cn-shanghai`.
        region: String,
    },
}

impl SignatureVersion {
    /// Dates the request `now` and signs it in its headers.
    ///
    /// # Errors
    /// All permanent; the request is then unchanged.
    pub fn sign(
        &self,
        parts: &mut Parts,
        resource: Resource<'_>,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<(), SignError> {
        match self {
            Self::V1 => v1::sign(parts, resource, credentials, now),
            Self::V4 { region } => v4::sign(parts, resource, region, credentials, now),
        }
    }

    /// Signs the request in the query of its URI, valid from `now` for `expires`.
    ///
    /// # Errors
    /// All permanent; the request is then unchanged.
    pub fn presign(
        &self,
        parts: &mut Parts,
        resource: Resource<'_>,
        expires: Duration,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<(), SignError> {
        match self {
            Self::V1 => v1::presign(parts, resource, expires, credentials, now),
            Self::V4 { region } => v4::presign(parts, resource, region, expires, credentials, now),
        }
    }

    /// The fields of an upload form that its policy must fix, with their values.
    #[must_use]
    pub fn form_conditions(&self, credentials: &Credentials, now: Timestamp) -> Fields {
        match self {
            Self::V1 => Fields::new(),
            Self::V4 { region } => post_policy::conditions_v4(region, credentials, now),
        }
    }

    /// The fields of an upload form that present `policy`.
    #[must_use]
    pub fn form_fields(&self, policy: &str, credentials: &Credentials, now: Timestamp) -> Fields {
        match self {
            Self::V1 => post_policy::fields_v1(policy, credentials),
            Self::V4 { region } => post_policy::fields_v4(policy, region, credentials, now),
        }
    }
}
