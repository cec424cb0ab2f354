//! Authorization. The owner may do everything; an anonymous caller what access control lists
//! say, which is reading or writing objects and nothing more.

use super::auth::Caller;
use super::error::{OssError, Result};
use super::object::BucketAcl;
use super::operation::Operation;
use super::store::{Bucket, Store};

/// Checks that `caller` may do `operation` on the bucket and key that the request names.
///
/// # Errors
/// `AccessDenied`; `NoSuchBucket` where there is nothing to protect.
pub(crate) fn authorize(
    caller: Caller,
    operation: Operation,
    store: &Store,
    bucket: &str,
    key: &str,
) -> Result<()> {
    match (caller, need(operation)) {
        (Caller::Owner, _) => Ok(()),
        (Caller::Anonymous, Need::Owner) => Err(denied()),
        (Caller::Anonymous, Need::Read) => match effective(store.bucket(bucket)?, key) {
            BucketAcl::Private => Err(denied()),
            BucketAcl::PublicRead | BucketAcl::PublicReadWrite => Ok(()),
        },
        (Caller::Anonymous, Need::Write) => match effective(store.bucket(bucket)?, key) {
            BucketAcl::Private | BucketAcl::PublicRead => Err(denied()),
            BucketAcl::PublicReadWrite => Ok(()),
        },
    }
}

/// The grant that an anonymous caller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Read,
    Write,
    Owner,
}

fn need(operation: Operation) -> Need {
    match operation {
        Operation::GetObject
        | Operation::HeadObject
        | Operation::GetObjectMeta
        | Operation::GetSymlink => Need::Read,
        Operation::PutObject
        | Operation::PostObject
        | Operation::AppendObject
        | Operation::DeleteObject
        | Operation::InitiateMultipartUpload
        | Operation::UploadPart
        | Operation::CompleteMultipartUpload
        | Operation::AbortMultipartUpload => Need::Write,
        _ => Need::Owner,
    }
}

/// A missing object is protected as its bucket is, so that callers cannot probe which keys exist.
fn effective(bucket: &Bucket, key: &str) -> BucketAcl {
    let object = bucket.objects.get(key);
    object.map_or(bucket.about.acl, |object| {
        object.described.acl.within(bucket.about.acl)
    })
}

fn denied() -> OssError {
    OssError::access_denied("You have no right to access this object because of bucket acl.")
        .with_event_code("0003-00000001")
}
