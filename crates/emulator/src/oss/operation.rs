//! The name of what a request asks for, from its method, its query and a few headers.
//!
//! Naming comes before any check, so that counts and faults cover refused requests too.

use http::{HeaderMap, Method};

use super::process::Fit;
use super::query::Query;
use crate::call::named;

/// Parameters that turn a request into something that the emulator does not play.
const NOT_PLAYED: [&str; 71] = [
    "accessmonitor",
    "accessPoint",
    "accessPointConfigForObjectProcess",
    "accessPointForObjectProcess",
    "accessPointPolicy",
    "accessPointPolicyForObjectProcess",
    "asyncFetch",
    "bucketArchiveDirectRead",
    "callback",
    "cname",
    "comp",
    "dataPipeline",
    "encryption",
    "httpsConfig",
    "img",
    "inventory",
    "legalHold",
    "lifecycle",
    "link",
    "logging",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "MetaQuery",
    "metaQuery",
    "objectInfo",
    "objectWorm",
    "overwriteConfig",
    "policy",
    "policyStatus",
    "processConfiguration",
    "publicAccessBlock",
    "qos",
    "qosInfo",
    "qosRequester",
    "quota",
    "redundancyTransition",
    "referer",
    "regionList",
    "regions",
    "replication",
    "replicationLocation",
    "replicationProgress",
    "requesterQosInfo",
    "requestPayment",
    "resourceGroup",
    "resourcePool",
    "resourcePoolInfo",
    "responseHeader",
    "retention",
    "rtc",
    "seal",
    "sequential",
    "status",
    "style",
    "transferAcceleration",
    "udf",
    "udfApplication",
    "udfApplicationLog",
    "udfImage",
    "udfImageDesc",
    "userDataRedundancyTransition",
    "userDefinedLogFieldsConfig",
    "vip",
    "vod",
    "vpcip",
    "website",
    "worm",
    "wormExtend",
    "x-oss-async-process",
    "x-oss-process",
];

/// Headers that do the same.
const NOT_PLAYED_HEADERS: [&str; 2] = ["x-oss-callback", "x-oss-callback-var"];

/// The parameter or header that asks for something that the emulator does not play.
pub(crate) fn not_played<'a>(query: &'a Query, headers: &HeaderMap) -> Option<&'a str> {
    let mut parameters = query.iter().map(|(name, _)| name);
    let mut names = NOT_PLAYED_HEADERS.into_iter();
    parameters
        .find(|name| NOT_PLAYED.contains(name))
        .or_else(|| names.find(|name| headers.contains_key(*name)))
}

named! {
    /// An operation of OSS.
    pub(crate) enum Operation {
        ListBuckets,
        PutBucket,
        DeleteBucket,
        GetBucketInfo,
        GetBucketLocation,
        GetBucketStat,
        GetBucketAcl,
        PutBucketAcl,
        GetBucketCors,
        PutBucketCors,
        DeleteBucketCors,
        OptionObject,
        ListObjects,
        ListObjectsV2,
        ListObjectVersions,
        GetBucketVersioning,
        ListLiveChannel,
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
        RestoreObject,
        CleanRestoredObject,
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
}

/// The kind of resource that the path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Bucket,
    Object,
}

impl Operation {
    /// Names what a request asks for.
    pub(crate) fn of(method: &Method, level: Level, query: &Query, headers: &HeaderMap) -> Self {
        if method == Method::OPTIONS && level != Level::Service {
            return Self::OptionObject;
        }
        let resizes = level == Level::Object && Fit::of(method, query).is_some();
        if !resizes && not_played(query, headers).is_some() {
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
            Method::GET if has("versioning") => Self::GetBucketVersioning,
            _ if has("versioning") => Self::NotPlayed,
            Method::GET if has("live") => Self::ListLiveChannel,
            _ if has("live") => Self::NotPlayed,
            Method::GET if has("versions") => Self::ListObjectVersions,
            Method::GET if has("cors") => Self::GetBucketCors,
            Method::PUT if has("cors") => Self::PutBucketCors,
            Method::DELETE if has("cors") => Self::DeleteBucketCors,
            _ if has("cors") => Self::Unknown,
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
            _ if has("live") => Self::NotPlayed,
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
            Method::POST if has("restore") => Self::RestoreObject,
            Method::POST if has("cleanRestoredObject") => Self::CleanRestoredObject,
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
