//! Buckets, objects and uploads in progress: what OSS remembers.
//!
//! Changes only by [`Record`]s, so that the journal can make it again. Rules about who may
//! change what, and what answers look like, are elsewhere.

mod record;
mod snapshot;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cors::Cors;
use super::encryption::Encryption;
use super::error::{OssError, Result};
use super::object::{BucketAcl, Described, Object, StorageClass, Sums};
use crate::blobs::{Blob, Blobs};

pub(crate) use self::record::Record;

/// The state of OSS: buckets, objects and uploads.
#[derive(Debug)]
pub(crate) struct Store {
    blobs: Arc<Blobs>,
    buckets: BTreeMap<String, Bucket>,
    /// Bucket by host name.
    cnames: BTreeMap<String, String>,
}

/// A bucket with what is in it.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) about: AboutBucket,
    /// In byte order of their keys, which is the order of listings.
    pub(crate) objects: BTreeMap<String, Object>,
    /// By upload id.
    pub(crate) uploads: BTreeMap<String, Upload>,
}

/// Properties of a bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AboutBucket {
    pub(crate) created: Timestamp,
    pub(crate) acl: BucketAcl,
    pub(crate) storage_class: StorageClass,
    /// `LRS` or `ZRS`, for show.
    pub(crate) redundancy: String,
    /// How objects are encrypted that do not say it themselves.
    #[serde(default)]
    pub(crate) encryption: Option<Encryption>,
    /// Which pages of other origins may talk to it.
    #[serde(default)]
    pub(crate) cors: Option<Cors>,
}

/// An upload in parts that is in progress.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) initiated: Timestamp,
    /// Properties of the object to be.
    pub(crate) described: Described,
    /// By number.
    #[serde(skip)]
    pub(crate) parts: BTreeMap<u32, Part>,
}

/// One part of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) blob: Blob,
    pub(crate) sums: Sums,
    pub(crate) modified: Timestamp,
}

impl Store {
    /// Nothing yet. Bytes that lose their owner are given to `blobs`.
    pub(crate) fn new(blobs: Arc<Blobs>) -> Self {
        Self {
            blobs,
            buckets: BTreeMap::new(),
            cnames: BTreeMap::new(),
        }
    }

    /// All buckets, by name.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (&String, &Bucket)> {
        self.buckets.iter()
    }

    /// A bucket.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub(crate) fn bucket(&self, name: &str) -> Result<&Bucket> {
        self.buckets
            .get(name)
            .ok_or_else(|| OssError::no_such_bucket(name))
    }

    /// The bucket that a host name was mapped to.
    pub(crate) fn cname(&self, host: &str) -> Option<&String> {
        self.cnames.get(host)
    }

    /// All mapped host names with their buckets.
    pub(crate) fn cnames(&self) -> &BTreeMap<String, String> {
        &self.cnames
    }
}

impl Bucket {
    /// An object, whatever its kind.
    ///
    /// # Errors
    /// `NoSuchKey`.
    pub(crate) fn object(&self, key: &str) -> Result<&Object> {
        self.objects
            .get(key)
            .ok_or_else(|| OssError::no_such_key(key))
    }

    /// An upload in progress. Its id counts for its own key only.
    ///
    /// # Errors
    /// `NoSuchUpload`.
    pub(crate) fn upload(&self, key: &str, id: &str) -> Result<&Upload> {
        let upload = self.uploads.get(id).filter(|upload| upload.key == key);
        upload.ok_or_else(|| OssError::no_such_upload(id))
    }
}
