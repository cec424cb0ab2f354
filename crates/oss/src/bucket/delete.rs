//! Deleting objects.

use std::collections::HashSet;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderName, Method};
use md5::{Digest as _, Md5};

use super::Bucket;
use crate::error::{Error, Operation};
use crate::names::ObjectKey;
use crate::wire::{self, DeleteResult};

/// Most objects that one request can delete.
const MAX_KEYS: usize = 1000;

/// Most bytes of the response: every key, encoded three to one, with what surrounds it.
const RESPONSE_LIMIT_BYTES: usize = 4 * 1024 * 1024;

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

impl Bucket {
    /// Deletes an object. It is no error if there is none.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), Error> {
        self.on_object(Operation::DeleteObject, Method::DELETE, key)
            .send()
            .await?;
        Ok(())
    }

    /// Deletes up to 1000 objects and returns the keys of those that OSS does not report as
    /// deleted. An object that does not exist counts as deleted.
    ///
    /// # Errors
    /// See [`Error::disposition`]; [`Error::OutsideLimits`] for more than 1000 keys.
    pub async fn delete_many(&self, keys: &[ObjectKey]) -> Result<Vec<ObjectKey>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let document = wire::delete(keys);
        let md5 = BASE64_STANDARD.encode(Md5::digest(&document));
        let request = self
            .on_bucket(Operation::DeleteMultipleObjects, Method::POST)
            .query("delete", "")
            .query("encoding-type", "url")
            .response_limit_bytes(RESPONSE_LIMIT_BYTES)
            .text(CONTENT_MD5, &md5)?
            .xml(document);
        if keys.len() > MAX_KEYS {
            let reason = "one request can delete 1000 objects";
            return Err(Error::outside_limits(request.context(), reason));
        }
        let (_, result): (_, DeleteResult) = request.send_for().await?;
        let deleted = result
            .keys()
            .map_err(|source| Error::unreadable(request.context(), source))?;
        let deleted: HashSet<&str> = deleted.iter().map(String::as_str).collect();
        Ok(keys
            .iter()
            .filter(|key| !deleted.contains(key.as_str()))
            .cloned()
            .collect())
    }
}
