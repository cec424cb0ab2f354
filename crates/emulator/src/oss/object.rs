//! An object: its bytes and its properties.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::archive::Restored;
use super::encryption::Encryption;
use crate::blobs::Blob;
use crate::call::named;

/// Carries the checksum of an object in both directions.
pub(crate) const CRC64: HeaderName = HeaderName::from_static("x-oss-hash-crc64ecma");

/// An object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Object {
    /// How it came about, which decides what can be done to it.
    pub(crate) kind: Kind,
    /// Its bytes, in pieces put end to end.
    pub(crate) blobs: Vec<Blob>,
    /// Checksums of its bytes.
    pub(crate) sums: Sums,
    /// When it was last written.
    pub(crate) modified: Timestamp,
    /// Properties that its writer stated.
    pub(crate) described: Described,
    /// Until when it can be read although it is archived.
    #[serde(default)]
    pub(crate) restored: Option<Restored>,
}

/// How an object came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Put, copied or posted.
    Normal,
    /// Uploaded in parts.
    Multipart,
    /// Appended to, and can be further.
    Appendable,
    /// Points to another key of its bucket.
    Symlink {
        /// The key pointed to.
        target: String,
    },
}

/// Checksums of the bytes of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// Entity tag without quotes.
    pub(crate) etag: String,
    /// CRC-64 of all bytes.
    pub(crate) crc64: u64,
    /// Base64 of the MD5, where the bytes came in one piece.
    pub(crate) content_md5: Option<String>,
}

/// Properties of an object that its writer states.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Described {
    /// `Content-Type` and its relatives, by lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    /// User metadata, by name without `x-oss-meta-`.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Tags, in the order given.
    pub(crate) tagging: Vec<(String, String)>,
    /// Access control list.
    pub(crate) acl: ObjectAcl,
    /// Storage class: an archived object cannot be read at once.
    pub(crate) storage_class: StorageClass,
    /// How the service was told to encrypt it.
    #[serde(default)]
    pub(crate) encryption: Option<Encryption>,
}

named! {
    /// Access control list of a bucket.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub(crate) enum BucketAcl {
        /// The owner only.
        #[default]
        Private = "private",
        /// Everybody may read objects.
        PublicRead = "public-read",
        /// Everybody may read and write objects.
        PublicReadWrite = "public-read-write",
    }
}

/// Access control list of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ObjectAcl {
    /// The grant of the bucket.
    #[default]
    Inherited,
    /// A grant of its own.
    Own(BucketAcl),
}

named! {
    /// The storage class: the price of storage, and how fast it can be read.
    #[derive(Default, Serialize, Deserialize)]
    pub(crate) enum StorageClass {
        #[default]
        Standard,
        IA,
        Archive,
        ColdArchive,
        DeepColdArchive,
    }
}

impl Object {
    /// An object that was written just now.
    pub(crate) fn new(
        kind: Kind,
        blobs: Vec<Blob>,
        sums: Sums,
        described: Described,
        modified: Timestamp,
    ) -> Self {
        Self {
            kind,
            blobs,
            sums,
            modified,
            described,
            restored: None,
        }
    }

    /// Length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.blobs.iter().map(Blob::length).sum()
    }

    /// The entity tag as it stands in headers.
    pub(crate) fn etag_header(&self) -> HeaderValue {
        self.sums.etag_header()
    }

    /// The type that listings and `x-oss-object-type` show.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Normal => "Normal",
            Kind::Multipart => "Multipart",
            Kind::Appendable => "Appendable",
            Kind::Symlink { .. } => "Symlink",
        }
    }
}

impl Sums {
    /// The entity tag in quotes.
    pub(crate) fn quoted_etag(&self) -> String {
        format!("\"{}\"", self.etag)
    }

    /// The entity tag as it stands in headers.
    pub(crate) fn etag_header(&self) -> HeaderValue {
        // Entity tags are hex digits and hyphens.
        HeaderValue::try_from(self.quoted_etag()).unwrap_or(HeaderValue::from_static(""))
    }

    /// The headers that tell a client what arrived.
    pub(crate) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = vec![
            (http::header::ETAG, self.etag_header()),
            (CRC64, self.crc64.into()),
        ];
        if let Some(md5) = self
            .content_md5
            .as_deref()
            .and_then(|md5| HeaderValue::try_from(md5).ok())
        {
            headers.push((HeaderName::from_static("content-md5"), md5));
        }
        headers
    }
}

impl ObjectAcl {
    /// Reads a grant; `None` for what is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "default" => Some(Self::Inherited),
            _ => text.parse().ok().map(Self::Own),
        }
    }

    /// The grant as written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Inherited => "default",
            Self::Own(acl) => acl.name(),
        }
    }

    /// The grant in force in a bucket with `bucket`'s grant.
    pub(crate) fn within(self, bucket: BucketAcl) -> BucketAcl {
        match self {
            Self::Inherited => bucket,
            Self::Own(acl) => acl,
        }
    }
}

impl StorageClass {
    /// Whether objects of it must be restored before they can be read.
    pub(crate) fn is_archive(self) -> bool {
        match self {
            Self::Standard | Self::IA => false,
            Self::Archive | Self::ColdArchive | Self::DeepColdArchive => true,
        }
    }
}
