//! Removing objects, one or a thousand at a time.

use axum::response::Response;
use serde::Deserialize;

use super::error::{OssError, Result};
use super::event::ObjectEvent;
use super::incoming::Incoming;
use super::list::Encoding;
use super::request::OssRequest;
use super::store::Record;
use super::xml::Xml;
use super::{Oss, address, reply, version, xml};

const MAX_OBJECTS: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Delete {
    #[serde(default)]
    quiet: bool,
    #[serde(rename = "Object", default)]
    pub(crate) objects: Vec<ObjectIdentifier>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ObjectIdentifier {
    pub(crate) key: String,
    version_id: Option<String>,
}

impl ObjectIdentifier {
    /// Whether this names the version that an object has, if there is one.
    fn is_current(&self) -> bool {
        let version = self.version_id.as_deref().filter(|id| !id.is_empty());
        version.is_none_or(|version| version == version::ONLY)
    }
}

impl Oss {
    pub(super) fn delete_object(&self, request: &OssRequest) -> Result<Response> {
        // A version that is not there counts as removed, as a key does.
        if request
            .version()
            .is_some_and(|version| version::check(version).is_err())
        {
            return Ok(reply::no_content());
        }
        let keys = vec![request.key().to_owned()];
        self.remove(request, keys, "ObjectRemoved:DeleteObject")?;
        Ok(reply::no_content())
    }

    pub(super) async fn delete_multiple(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
    ) -> Result<Response> {
        let encoding = Encoding::asked(&request.query)?;
        if request.header("content-md5")?.is_none() {
            let message = "Missing some required arguments.";
            return Err(
                OssError::bad("MissingArgument", message).with("ArgumentName", "Content-MD5")
            );
        }
        let Delete { quiet, objects } = xml::parse(&body.document(request).await?)?;
        if objects.is_empty() || objects.len() > MAX_OBJECTS {
            return Err(OssError::malformed_xml());
        }
        let mut keys = objects.iter().map(|object| &object.key);
        if let Some(key) = keys.find(|key| !address::is_object_key(key)) {
            return Err(address::invalid_key(key));
        }
        let current = objects.iter().filter(|object| object.is_current());
        let keys = current.map(|object| object.key.clone()).collect();
        self.remove(request, keys, "ObjectRemoved:DeleteObjects")?;
        if quiet {
            return Ok(reply::ok());
        }
        let mut xml = Xml::new("DeleteResult");
        encoding.declare(&mut xml);
        for object in objects {
            xml.nest("Deleted", |xml| {
                encoding.text(xml, "Key", &object.key);
                if let Some(version) = &object.version_id {
                    xml.text("VersionId", version);
                }
            });
        }
        Ok(reply::document(xml))
    }

    /// Removes objects. What does not exist counts as removed, but causes no event.
    fn remove(&self, request: &OssRequest, keys: Vec<String>, event: &'static str) -> Result<()> {
        let removed = self.commit(|store| {
            let bucket = store.bucket(request.bucket())?;
            let existing = keys
                .iter()
                .filter_map(|key| bucket.objects.get_key_value(key));
            let removed: Vec<_> = existing
                .map(|(key, object)| ObjectEvent::removed(event, key, object))
                .collect();
            Ok((
                Record::DeleteObjects {
                    bucket: request.bucket().to_owned(),
                    keys,
                },
                removed,
            ))
        })?;
        for happened in removed {
            self.publish_event(request, &happened)?;
        }
        Ok(())
    }
}
