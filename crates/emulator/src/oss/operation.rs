//! The name of what a request asks for, from its method, its query and a few headers.
//!
//! Naming comes before any check, so that counts and faults cover refused requests too.

use http::{HeaderMap, Method};

use super::query::Query;

/// Parameters that turn a request into something that the emulator does not play.
const NOT_PLAYED: [&str; 53] = [
    "accessmonitor",
    "accessPoint",
    "accessPointConfigForObjectProcess",
    "accessPointPolicy",
    "asyncFetch",
    "bucketArchiveDirectRead",
    "callback",
    "cname",
    "comp",
    "cors",
    "encryption",
    "httpsConfig",
    "img",
    "inventory",
    "lifecycle",
    "link",
    "live",
    "logging",
    "metaQuery",
    "objectInfo",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "qos",
    "qosInfo",
    "qosRequester",
    "redundancyTransition",
    "referer",
    "regions",
    "regionList",
    "replication",
    "replicationLocation",
    "replicationProgress",
    "requestPayment",
    "requesterQosInfo",
    "resourceGroup",
    "resourcePool",
    "resourcePoolInfo",
    "restore",
    "sequential",
    "status",
    "style",
    "transferAcceleration",
    "userDataRedundancyTransition",
    "versionId",
    "versioning",
    "versions",
    "vod",
    "website",
    "worm",
    "wormExtend",
    "x-oss-async-process",
    "x-oss-process",
];

/// Makes the enum and the names of its variants, which are the documented ones.
macro_rules! operations {
    ($($(#[$meta:meta])* $operation:ident,)*) => {
        /// An operation of OSS.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Operation {
            $($(#[$meta])* $operation,)*
        }

        impl Operation {
            /// The documented name.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => stringify!($operation),)*
                }
            }
        }
    };
}

operations! {
    ListBuckets,
    PutBucket,
    DeleteBucket,
    GetBucketInfo,
    GetBucketLocation,
    GetBucketStat,
    GetBucketAcl,
    PutBucketAcl,
    ListObjects,
    ListObjectsV2,
    ListMultipartUploads,
    DeleteMultipleObjects,
    PostObject,
    PutObject,
    CopyObject,
    AppendObject,
    GetObject,
    HeadObject,
    GetObjectMeta,
    DeleteObject,
    GetObjectAcl,
    PutObjectAcl,
    GetObjectTagging,
    PutObjectTagging,
    DeleteObjectTagging,
    PutSymlink,
    GetSymlink,
    InitiateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
    /// Exists, but not here.
    NotPlayed,
    /// No operation of OSS; named as [`Call::UNKNOWN`](crate::call::Call::UNKNOWN).
    Unknown,
}

/// What the path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Bucket,
    Object,
}

impl Operation {
    /// Names what a request asks for.
    pub(crate) fn of(method: &Method, level: Level, query: &Query, headers: &HeaderMap) -> Self {
        if query.iter().any(|(name, _)| NOT_PLAYED.contains(&name)) {
            return Self::NotPlayed;
        }
        match level {
            Level::Service if method == Method::GET => Self::ListBuckets,
            Level::Service if method == Method::POST => Self::PostObject,
            Level::Service => Self::Unknown,
            Level::Bucket => Self::of_bucket(method, query),
            Level::Object => Self::of_object(method, query, headers),
        }
    }

    fn of_bucket(method: &Method, query: &Query) -> Self {
        let has = |name| query.has(name);
        match *method {
            _ if has("tagging") => Self::NotPlayed,
            Method::PUT if has("acl") => Self::PutBucketAcl,
            Method::PUT => Self::PutBucket,
            Method::DELETE => Self::DeleteBucket,
            Method::POST if has("delete") => Self::DeleteMultipleObjects,
            Method::POST => Self::PostObject,
            Method::GET if has("acl") => Self::GetBucketAcl,
            Method::GET if has("bucketInfo") => Self::GetBucketInfo,
            Method::GET if has("location") => Self::GetBucketLocation,
            Method::GET if has("stat") => Self::GetBucketStat,
            Method::GET if has("uploads") => Self::ListMultipartUploads,
            Method::GET if query.get("list-type") == Some("2") => Self::ListObjectsV2,
            Method::GET => Self::ListObjects,
            _ => Self::Unknown,
        }
    }

    fn of_object(method: &Method, query: &Query, headers: &HeaderMap) -> Self {
        let has = |name| query.has(name);
        let copies = headers.contains_key("x-oss-copy-source");
        match *method {
            Method::PUT if has("acl") => Self::PutObjectAcl,
            Method::PUT if has("tagging") => Self::PutObjectTagging,
            Method::PUT if has("symlink") => Self::PutSymlink,
            Method::PUT if has("uploadId") && copies => Self::UploadPartCopy,
            Method::PUT if has("uploadId") => Self::UploadPart,
            Method::PUT if copies => Self::CopyObject,
            Method::PUT => Self::PutObject,
            Method::POST if has("append") => Self::AppendObject,
            Method::POST if has("uploads") => Self::InitiateMultipartUpload,
            Method::POST if has("uploadId") => Self::CompleteMultipartUpload,
            Method::GET if has("acl") => Self::GetObjectAcl,
            Method::GET if has("tagging") => Self::GetObjectTagging,
            Method::GET if has("symlink") => Self::GetSymlink,
            Method::GET if has("uploadId") => Self::ListParts,
            Method::GET | Method::HEAD if has("objectMeta") => Self::GetObjectMeta,
            Method::GET => Self::GetObject,
            Method::HEAD => Self::HeadObject,
            Method::DELETE if has("tagging") => Self::DeleteObjectTagging,
            Method::DELETE if has("uploadId") => Self::AbortMultipartUpload,
            Method::DELETE => Self::DeleteObject,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
