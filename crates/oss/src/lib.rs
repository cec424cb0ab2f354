//! Alibaba Cloud OSS: objects, presigned URLs and the event document.
//!
//! A [`Client`] speaks to one [`Endpoint`]; a [`Bucket`] of it has the operations. Names are
//! checked types ([`BucketName`], [`ObjectKey`], [`Region`]), so that what an event or a listing
//! says can be used in a request or not at all. What is read and written is checked against
//! the service's CRC-64. [`event`] reads what OSS says happened to objects.
//!
//! The crate does not decide what to do about an event, does not find credentials or configure
//! the HTTP client, follows no redirect, and keeps no state between calls.

mod bucket;
mod client;
pub mod crc64;
pub mod document;
mod endpoint;
pub mod error;
pub mod event;
mod meta;
pub mod names;
mod request;
mod shown;
mod wire;

pub use bucket::{
    Bucket, BucketInfo, ByteRange, CopyOptions, GetOptions, ListPage, ListRequest, ListedObject,
    MultipartUpload, Object, Part, PresignedUrl, PutOptions, Stored,
};
pub use client::{Client, SignatureVersion};
pub use endpoint::{Addressing, Endpoint, EndpointError};
pub use error::Error;
pub use meta::{Metadata, ObjectMeta};
pub use names::{BucketName, ETag, NameError, ObjectKey, Region};
