//! Writing an object with one request.

use bytes::Bytes;
use http::{HeaderMap, Method, header};

use super::Bucket;
use crate::crc64::Crc64;
use crate::error::{Context, Error, Operation};
use crate::meta::{self, CRC64, Metadata};
use crate::names::{ETag, ObjectKey};
use crate::request::Request;
use crate::wire::WireError;

/// Largest object that one request can write, in bytes: 5 GiB.
const LIMIT_BYTES: u64 = 5 << 30;

/// How to write an object.
#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// Media type. `application/octet-stream` if not given.
    pub content_type: Option<String>,
    /// The user's own metadata.
    pub metadata: Metadata,
    /// Fail with [`Error::is_already_there`] instead of replacing an object. OSS ignores this
    /// in a bucket with versions.
    pub forbid_overwrite: bool,
}

/// The result of writing an object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutResult {
    /// The version of the content.
    pub etag: ETag,
    /// What became of the event, if an event rule covers the object: JSON in base64, as in
    /// `{"Result": "Ok"}`.
    pub event_status: Option<String>,
}

impl Bucket {
    /// Writes an object, replacing one of the same key unless the options forbid it.
    ///
    /// The CRC-64 of the content goes along, so OSS stores nothing damaged; the
    /// checksum that it reports is compared too. The object appears whole or not at all.
    ///
    /// With `forbid_overwrite` an attempt is repeated only if OSS certainly did nothing with
    /// it: after a lost answer, a repetition would find its own object.
    ///
    /// # Errors
    /// See [`Error::disposition`]. [`Error::OutsideLimits`] if the content or an option is beyond
    /// OSS's limits.
    pub async fn put(
        &self,
        key: &ObjectKey,
        content: Bytes,
        options: &PutOptions,
    ) -> Result<PutResult, Error> {
        let ours = Crc64::of(&content);
        let request = self.on_object(Operation::PutObject, Method::PUT, key);
        if content.len() as u64 > LIMIT_BYTES {
            let reason = "a single put can have 5 GiB; use a multipart upload";
            return Err(Error::outside_limits(request.context(), reason));
        }
        let mut request = options
            .apply(request)?
            .header(CRC64, ours.0.into())
            .body(content);
        if options.forbid_overwrite {
            request = request.not_repeatable();
        }
        let response = request.send().await?;
        check_sum(request.context(), ours, response.headers())?;
        let etag = etag(request.context(), response.headers())?;
        Ok(PutResult {
            etag,
            event_status: event_status(response.headers()),
        })
    }
}

impl PutOptions {
    pub(super) fn apply<'a>(&self, request: Request<'a>) -> Result<Request<'a>, Error> {
        let content_type = self
            .content_type
            .as_deref()
            .unwrap_or("application/octet-stream");
        let request = request
            .text(header::CONTENT_TYPE, content_type)?
            .metadata(&self.metadata)?;
        Ok(if self.forbid_overwrite {
            request.forbid_overwrite()
        } else {
            request
        })
    }
}

/// Compares our checksum with the one that OSS reports, if it reports one.
pub(super) fn check_sum(context: &Context, ours: Crc64, headers: &HeaderMap) -> Result<(), Error> {
    match meta::crc64(headers) {
        Some(theirs) if theirs != ours => Err(Error::Damaged {
            context: Box::new(context.clone()),
            ours,
            theirs,
        }),
        _ => Ok(()),
    }
}

/// The tag that OSS reports in the head of its response.
pub(super) fn etag(context: &Context, headers: &HeaderMap) -> Result<ETag, Error> {
    meta::etag(headers).map_err(|source| Error::unreadable(context, source))
}

/// The result that OSS reports in a document, and in the head of the response.
pub(super) fn stored(
    context: &Context,
    etag: &str,
    headers: &HeaderMap,
) -> Result<PutResult, Error> {
    let etag = etag
        .parse()
        .map_err(|source| WireError::value("ETag", source));
    let event_status = event_status(headers);
    etag.map(|etag| PutResult { etag, event_status })
        .map_err(|source| Error::unreadable(context, source))
}

fn event_status(headers: &HeaderMap) -> Option<String> {
    let status = headers.get("x-oss-event-status")?;
    status.to_str().ok().map(str::to_owned)
}
