//! Copying an object, within a bucket or between buckets.

use axum::response::Response;

use http::header::CONTENT_TYPE;

use super::error::{OssError, Result};
use super::object::{Described, Kind, Object};
use super::put::Storing;
use super::request::OssRequest;
use super::xml::Xml;
use super::{Oss, condition, iso_time, reply, version};

const SOURCE: &str = "x-oss-copy-source";
/// How user metadata of the SDKs' encryption by the client begins.
const CLIENT_ENCRYPTION: &str = "client-side-encryption-";

impl Oss {
    pub(super) fn copy_object(&self, request: &OssRequest) -> Result<Response> {
        let storing = Storing::asked(request, "ObjectCreated:CopyObject")?;
        let source = self.copy_source(request)?;
        let about = self.store().bucket(request.bucket())?.about.clone();
        let described = described(request, &source)?.encrypted_by(&about);
        let duplicates = source.blobs.iter().map(|blob| self.blobs.duplicate(blob));
        let blobs = duplicates.collect::<std::io::Result<_>>()?;
        let (sums, modified) = (source.sums, request.received);
        // Of a symbolic link the link is copied, not its target.
        let kind = match source.kind {
            link @ Kind::Symlink { .. } => link,
            _ => Kind::Normal,
        };
        let encryption = described.encryption_headers();
        let object = Object::new(kind, blobs, sums.clone(), described, modified);
        self.put(request, storing, object)?;

        let mut xml = Xml::new("CopyObjectResult");
        xml.text("LastModified", &iso_time(modified));
        xml.text("ETag", &sums.quoted_etag());
        Ok(reply::written(xml, &sums, encryption))
    }

    /// The object that a request copies from, if its conditions hold.
    pub(super) fn copy_source(&self, request: &OssRequest) -> Result<Object> {
        let text = request.header(SOURCE)?.unwrap_or_default();
        let invalid = || OssError::invalid_argument(SOURCE, text);
        let (path, version) = text
            .split_once('?')
            .map_or((text, None), |(path, rest)| (path, Some(rest)));
        if let Some(version) = version {
            let version = version.strip_prefix("versionId=").ok_or_else(invalid)?;
            version::check(version)?;
        }
        let path = signing::encode::decode(path).map_err(|_| invalid())?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = path.split_once('/').ok_or_else(invalid)?;
        let store = self.store();
        let source = store.bucket(bucket)?.object(key)?;
        condition::check_source(request, source)?;
        if source.kind == Kind::Appendable {
            let message = "An appendable object cannot be copied.";
            return Err(OssError::bad("OperationNotSupported", message));
        }
        source.check_restored(request.received)?;
        Ok(source.clone())
    }
}

impl Described {
    /// Keeps of a source what the service does not replace: a type unless another `is_given`, and
    /// what a client needs to decrypt the object.
    fn keep(&mut self, source: &Self, is_given: bool) {
        let name = CONTENT_TYPE.as_str();
        if let Some(own) = source.headers.get(name)
            && !is_given
        {
            self.headers.insert(name.to_owned(), own.clone());
        }
        let keys = source.metadata.iter();
        for (name, value) in keys.filter(|(name, _)| name.starts_with(CLIENT_ENCRYPTION)) {
            let entry = self.metadata.entry(name.clone());
            entry.or_insert_with(|| value.clone());
        }
    }
}

/// Properties of the copy: those of its source, or those that the request states.
fn described(request: &OssRequest, source: &Object) -> Result<Described> {
    let replaces = |name| {
        let directive = |text: &str| match text.to_ascii_uppercase().as_str() {
            "COPY" => Some(false),
            "REPLACE" => Some(true),
            _ => None,
        };
        Ok::<_, OssError>(request.parsed(name, directive)?.unwrap_or_default())
    };
    let given = &request.parts.headers;
    let source_class = source.described.storage_class;
    let mut anew = Described::from_headers(given, source_class)?;
    let mut described = if replaces("x-oss-metadata-directive")? {
        anew.keep(&source.described, given.contains_key(CONTENT_TYPE));
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
    Ok(described)
}
