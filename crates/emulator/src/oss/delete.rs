//! Removing objects, one or a thousand at a time.

use axum::response::Response;
use serde::Deserialize;

use super::error::{OssError, Result};
use super::event::Happened;
use super::incoming::Incoming;
use super::list::Encoding;
use super::request::OssRequest;
use super::store::Record;
use super::xml::Xml;
use super::{Oss, address, reply, xml};

const MAX_OBJECTS: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Delete {
    #[serde(default)]
    quiet: bool,
    #[serde(rename = "Object", default)]
    pub(crate) objects: Vec<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Named {
    pub(crate) key: String,
}

impl Oss {
    pub(super) fn delete_object(&self, request: &OssRequest) -> Result<Response> {
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
        let keys: Vec<String> = objects.into_iter().map(|object| object.key).collect();
        if let Some(key) = keys.iter().find(|key| !address::is_object_key(key)) {
            return Err(address::invalid_key(key));
        }
        self.remove(request, keys.clone(), "ObjectRemoved:DeleteObjects")?;
        if quiet {
            return Ok(reply::ok());
        }
        let mut xml = Xml::new("DeleteResult");
        encoding.declare(&mut xml);
        for key in keys {
            xml.nest("Deleted", |xml| encoding.text(xml, "Key", &key));
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
                .map(|(key, object)| Happened::removed(event, key, object))
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
            self.announce(request, &happened);
        }
        Ok(())
    }
}
