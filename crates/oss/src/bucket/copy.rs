//! Copying an object inside OSS, without its content passing through here.

use http::{HeaderName, HeaderValue, Method, header};

use super::put::stored;
use super::{Bucket, PutResult};
use crate::error::{Error, Operation};
use crate::meta::Metadata;
use crate::names::{BucketName, ETag, ObjectKey};
use crate::request::Request;
use crate::wire::CopyObjectResult;

const SOURCE: HeaderName = HeaderName::from_static("x-oss-copy-source");
const SOURCE_IF_MATCH: HeaderName = HeaderName::from_static("x-oss-copy-source-if-match");
const METADATA_DIRECTIVE: HeaderName = HeaderName::from_static("x-oss-metadata-directive");

/// How to copy an object.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// Only if the source is still this version; see [`Error::is_precondition_failed`].
    pub if_match: Option<ETag>,
    /// Give the copy this metadata, and this media type if any, in place of the source's.
    pub replace: Option<(Metadata, Option<String>)>,
    /// Fail with [`Error::is_already_there`] instead of replacing an object.
    pub forbid_overwrite: bool,
}

impl Bucket {
    /// Copies an object of up to 1 GiB into this bucket from one in the same region, which may
    /// be this bucket.
    ///
    /// # Errors
    /// See [`Error::disposition`]; [`Error::is_no_such_key`] tells that there is no source.
    pub async fn copy(
        &self,
        (source_bucket, source_key): (&BucketName, &ObjectKey),
        key: &ObjectKey,
        options: &CopyOptions,
    ) -> Result<PutResult, Error> {
        let source = format!("/{source_bucket}/{}", source_key.path_encoded());
        let request = self.on_object(Operation::CopyObject, Method::PUT, key);
        let request = options.apply(request.text(SOURCE, &source)?)?;
        let (headers, document): (_, CopyObjectResult) = request.send_for().await?;
        stored(request.context(), &document.etag, &headers)
    }
}

impl CopyOptions {
    fn apply<'a>(&self, mut request: Request<'a>) -> Result<Request<'a>, Error> {
        if let Some(tag) = &self.if_match {
            request = request.text(SOURCE_IF_MATCH, &tag.quoted())?;
        }
        if let Some((metadata, content_type)) = &self.replace {
            request = request
                .header(METADATA_DIRECTIVE, HeaderValue::from_static("REPLACE"))
                .metadata(metadata)?;
            if let Some(content_type) = content_type {
                request = request.text(header::CONTENT_TYPE, content_type)?;
            }
        }
        if self.forbid_overwrite {
            // A repetition after a lost answer would find its own copy.
            request = request.forbid_overwrite().not_repeatable();
        }
        Ok(request)
    }
}
