//! The object that an event is about, each part of its address checked for use in a request.

use thiserror::Error;

use crate::names::{BucketName, NameError, ObjectKey, Region};

/// Region, bucket and key of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectAddress {
    /// Where the bucket is.
    pub region: Region,
    /// The bucket.
    pub bucket: BucketName,
    /// The key, as the event wrote it.
    pub key: ObjectKey,
}

/// Why an event's object cannot be addressed. Always permanent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The event lacks a part.
    #[error("the event names no {part}")]
    Missing {
        /// `region`, `bucket` or `key`.
        part: &'static str,
    },
    /// A part is not a valid name of its kind.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl ObjectAddress {
    pub(super) fn of(
        region: Option<&str>,
        bucket: Option<&str>,
        key: Option<&str>,
    ) -> Result<Self, AddressError> {
        let missing = |part| AddressError::Missing { part };
        Ok(Self {
            region: region.ok_or(missing("region"))?.parse()?,
            bucket: bucket.ok_or(missing("bucket"))?.parse()?,
            key: key.ok_or(missing("key"))?.parse()?,
        })
    }
}
