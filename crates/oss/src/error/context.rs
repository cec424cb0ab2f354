//! The operation that an error is about.

use std::fmt;

use crate::names::{BucketName, ObjectKey};

/// An operation, its bucket and its object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// The operation.
    pub operation: Operation,
    /// The bucket.
    pub bucket: BucketName,
    /// The object, if the operation is about one.
    pub key: Option<ObjectKey>,
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            bucket,
            key,
        } = self;
        match key {
            Some(key) => write!(f, "{operation} of `{key}` in bucket `{bucket}`"),
            None => write!(f, "{operation} of bucket `{bucket}`"),
        }
    }
}

/// An operation, by the name OSS's documentation gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the names are OSS's own and explain themselves"
)]
pub enum Operation {
    PutBucket,
    GetBucketInfo,
    GetBucketCors,
    PutBucketCors,
    ListObjectsV2,
    PutObject,
    PostObject,
    GetObject,
    HeadObject,
    CopyObject,
    DeleteObject,
    DeleteMultipleObjects,
    InitiateMultipartUpload,
    UploadPart,
    CompleteMultipartUpload,
    AbortMultipartUpload,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
