//! Versions, as far as a bucket without versioning has them: an object is its only version, and
//! that is called `null`.

use axum::response::Response;

use super::error::{OssError, Result};
use super::list::{self, Encoding, ListQuery, Page};
use super::object::Object;
use super::request::OssRequest;
use super::xml::Xml;
use super::{Oss, reply};

/// The version of every object.
pub(crate) const ONLY: &str = "null";

/// Checks that there can be such a version.
///
/// # Errors
/// `NoSuchVersion`.
pub(crate) fn check(version: &str) -> Result<()> {
    if version == ONLY {
        return Ok(());
    }
    Err(OssError::no_such_version(version))
}

impl Oss {
    pub(super) fn get_bucket_versioning(&self, request: &OssRequest) -> Result<Response> {
        self.store().bucket(request.bucket())?;
        Ok(reply::document(Xml::new("VersioningConfiguration")))
    }

    pub(super) fn list_versions(&self, request: &OssRequest) -> Result<Response> {
        let query = &request.query;
        let encoding = Encoding::asked(query)?;
        let text = |name| query.get(name).unwrap_or_default();
        // There is nothing between the only version of a key and the next key.
        let (key_marker, version_marker) = (text("key-marker"), text("version-id-marker"));
        if key_marker.is_empty() && !version_marker.is_empty() {
            return Err(
                OssError::invalid_argument("version-id-marker", version_marker)
                    .with_event_code("0012-00000106"),
            );
        }
        let asked = ListQuery::read(query, key_marker)?;
        let store = self.store();
        let page = list::page_of(&store.bucket(request.bucket())?.objects, &asked);

        let mut xml = Xml::new("ListVersionsResult");
        xml.text("Name", request.bucket());
        encoding.text(&mut xml, "Prefix", asked.prefix);
        encoding.text(&mut xml, "KeyMarker", key_marker);
        xml.text("VersionIdMarker", version_marker);
        xml.text("MaxKeys", &asked.limit.to_string());
        encoding.text(&mut xml, "Delimiter", asked.delimiter);
        encoding.declare(&mut xml);
        xml.text("IsTruncated", &page.truncated.to_string());
        if let Some(next) = page.next() {
            encoding.text(&mut xml, "NextKeyMarker", next);
            xml.text("NextVersionIdMarker", ONLY);
        }
        self.versions(&mut xml, encoding, &page, request);
        Ok(reply::document(xml))
    }

    fn versions(
        &self,
        xml: &mut Xml,
        encoding: Encoding,
        page: &Page<'_, &Object>,
        request: &OssRequest,
    ) {
        for (key, object) in &page.entries {
            xml.nest("Version", |xml| {
                encoding.text(xml, "Key", key);
                xml.text("VersionId", ONLY).text("IsLatest", "true");
                list::describe(xml, object, request.received);
                self.owner(xml);
            });
        }
        list::prefixes(xml, encoding, &page.prefixes);
    }
}
