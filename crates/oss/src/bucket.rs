//! A bucket and the operations on it and its objects, one module each.

mod copy;
mod delete;
mod get;
mod info;
mod list;
mod multipart;
mod presign;
mod put;

pub use self::{
    copy::CopyOptions,
    get::{ByteRange, GetOptions, Object},
    info::BucketInfo,
    list::{ListPage, ListRequest, ListedObject},
    multipart::{MultipartUpload, Part},
    presign::PresignedUrl,
    put::{PutOptions, Stored},
};
use crate::client::Client;
use crate::error::{Context, Operation};
use crate::names::{BucketName, ObjectKey};
use crate::request::Request;

/// A bucket, as seen through a client. Cheap to clone.
///
/// Every operation signs each attempt anew, ends each attempt at a deadline of 30 seconds plus
/// what a slow line needs for the body, and repeats what is worth repeating as often as the
/// transport's policy says. Dropping the future of an operation abandons it; OSS may still
/// carry it out.
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

    /// The client it is seen through.
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
