//! Copying an object, within a bucket or between buckets.

use axum::response::Response;

use super::error::{OssError, Result};
use super::object::{Described, Kind, Object, ObjectAcl, StorageClass};
use super::put::Storing;
use super::request::OssRequest;
use super::xml::Xml;
use super::{Oss, condition, describe, iso_time, reply};

const SOURCE: &str = "x-oss-copy-source";

impl Oss {
    pub(super) fn copy_object(&self, request: &OssRequest) -> Result<Response> {
        let storing = Storing::asked(request, "ObjectCreated:CopyObject")?;
        let source = self.copy_source(request)?;
        let described = described(request, &source)?;
        let duplicates = source.blobs.iter().map(|blob| self.blobs.duplicate(blob));
        let blobs = duplicates.collect::<std::io::Result<_>>()?;
        let (sums, modified) = (source.sums, request.received);
        let object = Object {
            kind: Kind::Normal,
            blobs,
            sums: sums.clone(),
            modified,
            described,
        };
        self.put(request, storing, object)?;

        let mut xml = Xml::new("CopyObjectResult");
        xml.text("LastModified", &iso_time(modified));
        xml.text("ETag", &sums.quoted_etag());
        Ok(reply::written(xml, &sums))
    }

    /// The object that a request copies from, if its conditions hold.
    pub(super) fn copy_source(&self, request: &OssRequest) -> Result<Object> {
        let text = request.header(SOURCE)?.unwrap_or_default();
        let invalid = || OssError::invalid_argument(SOURCE, text);
        let (path, version) = text
            .split_once('?')
            .map_or((text, None), |(path, rest)| (path, Some(rest)));
        if version.is_some() {
            return Err(OssError::not_implemented("versionId"));
        }
        let path = signing::encode::decode(path).map_err(|_| invalid())?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = path.split_once('/').ok_or_else(invalid)?;
        let store = self.store();
        let source = store.bucket(bucket)?.object(key)?;
        condition::check_source(request, source)?;
        Ok(source.clone())
    }
}

/// What the copy is described as: as its source, or anew.
fn described(request: &OssRequest, source: &Object) -> Result<Described> {
    let replaces = |name| {
        let directive = |text: &str| match text.to_ascii_uppercase().as_str() {
            "COPY" => Some(false),
            "REPLACE" => Some(true),
            _ => None,
        };
        Ok::<_, OssError>(request.parsed(name, directive)?.unwrap_or_default())
    };
    let anew = Described::from_headers(&request.parts.headers)?;
    let mut described = if replaces("x-oss-metadata-directive")? {
        anew
    } else {
        let (headers, metadata) = (
            source.described.headers.clone(),
            source.described.metadata.clone(),
        );
        Described {
            headers,
            metadata,
            ..anew
        }
    };
    if !replaces("x-oss-tagging-directive")? {
        described.tagging.clone_from(&source.described.tagging);
    }
    described.acl = request
        .parsed("x-oss-object-acl", ObjectAcl::parse)?
        .unwrap_or_default();
    let class = request.parsed("x-oss-storage-class", StorageClass::parse)?;
    described.storage_class = class.unwrap_or(source.described.storage_class);
    debug_assert!(describe::are_tags(&described.tagging));
    Ok(described)
}
