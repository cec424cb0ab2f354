#![doc = include_str!("../README.md")]

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
mod wire;

pub use bucket::{
    Bucket, BucketInfo, ByteRange, CopyOptions, CorsRule, GetOptions, ListPage, ListRequest,
    ListedObject, MultipartUpload, Object, PresignPostOptions, PresignedPost, PresignedUrl,
    PutOptions, PutResult, UploadedPart,
};
pub use client::{Account, Client};
pub use endpoint::{Addressing, Endpoint, EndpointError, SignatureVersion, UnknownName};
pub use error::Error;
pub use meta::{Metadata, ObjectMeta};
pub use names::{BucketName, ETag, NameError, ObjectKey, Region};

/// What a client is given and gives back, so that its users need not name the crates below.
pub use signing::{Credentials, CredentialsError, LiveCredentials};
pub use transport::{ClientBuilder, Disposition, HttpClientError, RetryPolicy, Transport};
