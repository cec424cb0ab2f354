//! Creating a bucket and reading its description.

use http::Method;
use jiff::Timestamp;

use super::Bucket;
use crate::error::{Error, Operation};
use crate::names::{BucketName, Region};
use crate::wire::{self, WireError};

/// The description of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketInfo {
    /// Its name.
    pub name: BucketName,
    /// Its region.
    pub region: Region,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Host of the public endpoint. For people to read: no request is sent there.
    pub extranet_endpoint: Option<String>,
    /// Host of the endpoint inside the region. For people to read: no request is sent there.
    pub intranet_endpoint: Option<String>,
    /// Such as `Standard`.
    pub storage_class: Option<String>,
    /// The account that owns it.
    pub owner_id: Option<String>,
    /// The access control list: `private`, `public-read` or `public-read-write`.
    pub acl: Option<String>,
}

impl Bucket {
    /// Creates the bucket, private, at the client's endpoint. It is no error if it exists and
    /// belongs to the same account.
    ///
    /// # Errors
    /// See [`Error::disposition`]; [`Error::is_already_there`] tells that the name is another
    /// account's.
    pub async fn create(&self) -> Result<(), Error> {
        self.on_bucket(Operation::PutBucket, Method::PUT)
            .send()
            .await?;
        Ok(())
    }

    /// Reads the description of the bucket.
    ///
    /// # Errors
    /// See [`Error::disposition`]. A missing bucket is a refusal `NoSuchBucket`.
    pub async fn info(&self) -> Result<BucketInfo, Error> {
        let request = self
            .on_bucket(Operation::GetBucketInfo, Method::GET)
            .query("bucketInfo", "");
        let (_, document) = request.send_for().await?;
        BucketInfo::read(document).map_err(|source| Error::unreadable(request.context(), source))
    }
}

impl BucketInfo {
    fn read(document: wire::BucketInfo) -> Result<Self, WireError> {
        let bucket = document.bucket;
        Ok(Self {
            name: bucket
                .name
                .parse()
                .map_err(|source| WireError::value("Name", source))?,
            region: Region::from_location(&bucket.location)
                .map_err(|source| WireError::value("Location", source))?,
            created: bucket.creation_date.parse().ok(),
            extranet_endpoint: bucket.extranet_endpoint,
            intranet_endpoint: bucket.intranet_endpoint,
            storage_class: bucket.storage_class,
            owner_id: bucket.owner.map(|owner| owner.id),
            acl: bucket.access_control_list.map(|list| list.grant),
        })
    }
}
