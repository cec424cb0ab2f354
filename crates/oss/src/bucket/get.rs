//! Reading objects and their metadata.
//!
//! A body is checked while it is read: its length always, its CRC-64 whenever the whole object
//! is read. A caller that reads to the end therefore gets the object or an error.

mod body;
mod range;

use http::{HeaderName, HeaderValue, Method, header};

pub use self::{body::Object, range::ByteRange};
use super::Bucket;
use crate::error::{Error, Operation};
use crate::meta::{ObjectMeta, content_length};
use crate::names::{ETag, ObjectKey};
use crate::request::Request;

/// Makes an invalid range an error instead of the whole object.
const RANGE_BEHAVIOR: HeaderName = HeaderName::from_static("x-oss-range-behavior");

/// How to read an object.
#[derive(Debug, Clone, Default)]
pub struct GetOptions {
    /// Only these bytes.
    pub range: Option<ByteRange>,
    /// Only if the object is still this version; see [`Error::is_precondition_failed`].
    pub if_match: Option<ETag>,
    /// Only if the object is no longer this version; see [`Error::is_not_modified`].
    pub if_none_match: Option<ETag>,
}

impl Bucket {
    /// Opens a whole object for reading.
    ///
    /// # Errors
    /// See [`Error::disposition`]; [`Error::is_no_such_key`] tells that there is none.
    pub async fn get(&self, key: &ObjectKey) -> Result<Object, Error> {
        self.get_with(key, &GetOptions::default()).await
    }

    /// Opens a part of an object for reading. A part has no checksum of its own, so only its
    /// length is checked.
    ///
    /// # Errors
    /// As [`Bucket::get`]. A range outside of the object is [`Error::RangeIgnored`] or a refusal
    /// `InvalidRange`; OSS has sent both.
    pub async fn get_range(&self, key: &ObjectKey, range: ByteRange) -> Result<Object, Error> {
        let options = GetOptions {
            range: Some(range),
            ..GetOptions::default()
        };
        self.get_with(key, &options).await
    }

    /// Opens an object for reading, on conditions.
    ///
    /// # Errors
    /// As [`Bucket::get`] and [`Bucket::get_range`]; conditions that do not hold are refusals.
    pub async fn get_with(&self, key: &ObjectKey, options: &GetOptions) -> Result<Object, Error> {
        let mut request = self.on_object(Operation::GetObject, Method::GET, key);
        request = conditions(request, options)?;
        if let Some(range) = options.range {
            request = request
                .text(header::RANGE, &range.to_string())?
                .header(RANGE_BEHAVIOR, HeaderValue::from_static("standard"));
        }
        let response = request.open().await?;
        Object::new(request.context().clone(), options.range.is_some(), response)
    }

    /// Reads the metadata of an object.
    ///
    /// # Errors
    /// See [`Error::disposition`]; [`Error::is_no_such_key`] tells that there is none.
    pub async fn head(&self, key: &ObjectKey) -> Result<ObjectMeta, Error> {
        let request = self.on_object(Operation::HeadObject, Method::HEAD, key);
        let response = request.send().await?;
        content_length(response.headers())
            .and_then(|size_bytes| ObjectMeta::read(response.headers(), size_bytes))
            .map_err(|source| Error::unreadable(request.context(), source))
    }
}

fn conditions<'a>(mut request: Request<'a>, options: &GetOptions) -> Result<Request<'a>, Error> {
    for (name, tag) in [
        (header::IF_MATCH, &options.if_match),
        (header::IF_NONE_MATCH, &options.if_none_match),
    ] {
        if let Some(tag) = tag {
            request = request.text(name, &tag.quoted())?;
        }
    }
    Ok(request)
}
