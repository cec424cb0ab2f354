//! A bucket and the operations on it and its objects, one module each.

mod copy;
mod cors;
mod delete;
mod get;
mod info;
mod list;
mod multipart;
mod presign;
mod presign_post;
mod put;

pub use self::{
    copy::CopyOptions,
    cors::CorsRule,
    get::{ByteRange, GetOptions, Object},
    info::BucketInfo,
    list::{ListPage, ListRequest, ListedObject},
    multipart::{MultipartUpload, UploadedPart},
    presign::PresignedUrl,
    presign_post::{PresignPostOptions, PresignedPost},
    put::{PutOptions, PutResult},
};
use crate::client::Client;
use crate::error::{Context, Operation};
use crate::names::{BucketName, ObjectKey};
use crate::request::Request;

/// A bucket of a client. Cheap to clone.
///
/// Every operation signs each attempt anew, ends it at the client's timeout plus what a slow line
/// needs for the body, and repeats what is worth repeating as often as the client's retry policy
/// says. Dropping the future of an operation abandons it; OSS may still carry it out.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: BucketName,
}

impl Bucket {
    pub(crate) fn new(client: Client, name: BucketName) -> Self {
        Self { client, name }
    }

    /// The bucket's name.
    #[must_use]
    pub fn name(&self) -> &BucketName {
        &self.name
    }

    /// The client of the bucket.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn context(&self, operation: Operation, key: Option<&ObjectKey>) -> Context {
        Context {
            operation,
            bucket: self.name.clone(),
            key: key.cloned(),
        }
    }

    fn on_object(
        &self,
        operation: Operation,
        method: http::Method,
        key: &ObjectKey,
    ) -> Request<'_> {
        Request::new(self, operation, method, Some(key))
    }

    fn on_bucket(&self, operation: Operation, method: http::Method) -> Request<'_> {
        Request::new(self, operation, method, None)
    }
}
