//! Writing a large object in parts, several at a time.
//!
//! OSS keeps the parts of an upload until it is completed or aborted, invisible and at the
//! owner's cost. [`Bucket::upload_multipart`] aborts when something fails, but cannot when its
//! future is dropped or the process dies: a bucket that takes large objects needs a lifecycle
//! rule for abandoned parts.

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::Method;
use tracing::warn;

use super::put::{check_sum, etag, stored};
use super::{Bucket, PutOptions, PutResult};
use crate::crc64::Crc64;
use crate::error::{Error, Operation};
use crate::meta::CRC64;
use crate::names::{ETag, ObjectKey};
use crate::request::Request;
use crate::wire::{self, CompleteMultipartUploadResult, InitiateMultipartUploadResult};

/// Smallest part but the last, in bytes: 100 KiB.
const MIN_PART_BYTES: usize = 100 * 1024;

/// Largest number of parts.
const MAX_PARTS: usize = 10_000;

/// How many parts are sent at a time. Enough to keep a line busy while one part is being
/// acknowledged.
const PARTS_IN_FLIGHT: usize = 3;

/// An upload that has been started. See [`Bucket::upload_multipart`] for the whole procedure.
#[derive(Debug, Clone)]
pub struct MultipartUpload {
    bucket: Bucket,
    key: ObjectKey,
    id: String,
    forbid_overwrite: bool,
}

/// A part that OSS has stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadedPart {
    /// Its place, from 1 to 10000; need not be consecutive.
    pub number: u32,
    /// The version of its content.
    pub etag: ETag,
    /// Its checksum, which OSS has confirmed.
    pub crc64: Crc64,
    /// Its size in bytes.
    pub size_bytes: u64,
}

impl Bucket {
    /// Writes an object in parts of `part_bytes` (raised to what OSS demands), three at a time;
    /// with one [`Bucket::put`] if it has only one part. The object appears whole or not at all.
    ///
    /// Every part's checksum is compared, and the combination of all with that of the object.
    /// If anything fails, the upload is aborted.
    ///
    /// # Errors
    /// As [`Bucket::put`].
    pub async fn upload_multipart(
        &self,
        key: &ObjectKey,
        content: Bytes,
        part_bytes: usize,
        options: &PutOptions,
    ) -> Result<PutResult, Error> {
        let part_bytes = part_bytes
            .max(MIN_PART_BYTES)
            .max(content.len().div_ceil(MAX_PARTS));
        if content.len() <= part_bytes {
            return self.put(key, content, options).await;
        }
        let upload = self.start_multipart(key, options).await?;
        let result = upload.send_all(content, part_bytes).await;
        if result.is_err()
            && let Err(error) = upload.abort().await
        {
            warn!(
                oss.bucket = %self.name, oss.key = %key, error = %error,
                "the parts of a failed upload of `{key}` stay until they expire"
            );
        }
        result
    }

    /// Starts an upload in parts.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn start_multipart(
        &self,
        key: &ObjectKey,
        options: &PutOptions,
    ) -> Result<MultipartUpload, Error> {
        let request = self.on_object(Operation::InitiateMultipartUpload, Method::POST, key);
        let request = options.apply(request.query("uploads", ""))?;
        let (_, document): (_, InitiateMultipartUploadResult) = request.send_for().await?;
        Ok(MultipartUpload {
            bucket: self.clone(),
            key: key.clone(),
            id: document.upload_id,
            forbid_overwrite: options.forbid_overwrite,
        })
    }
}

impl MultipartUpload {
    /// Uploads one part, replacing one of the same number. All parts but the last must have at
    /// least 100 KiB, which OSS checks at completion.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn upload_part(&self, number: u32, content: Bytes) -> Result<UploadedPart, Error> {
        let crc64 = Crc64::of(&content);
        let size_bytes = content.len() as u64;
        let number_text = number.to_string();
        let request = self
            .request(Operation::UploadPart, Method::PUT)
            .query("partNumber", &number_text)
            .query("uploadId", &self.id)
            .header(CRC64, crc64.0.into())
            .body(content);
        let response = request.send().await?;
        check_sum(request.context(), crc64, response.headers())?;
        let etag = etag(request.context(), response.headers())?;
        Ok(UploadedPart {
            number,
            etag,
            crc64,
            size_bytes,
        })
    }

    /// Makes the object from these parts, in the order of their numbers.
    ///
    /// # Errors
    /// See [`Error::disposition`]; [`Error::Damaged`] if the object is not the sum of the parts.
    pub async fn complete(&self, mut parts: Vec<UploadedPart>) -> Result<PutResult, Error> {
        parts.sort_by_key(|part| part.number);
        let ours = parts.iter().fold(Crc64::of(&[]), |whole, part| {
            whole.combine(part.crc64, part.size_bytes)
        });
        let document =
            wire::complete_multipart_upload(parts.iter().map(|part| (part.number, &part.etag)));
        let mut request = self
            .request(Operation::CompleteMultipartUpload, Method::POST)
            .query("uploadId", &self.id)
            .xml(document);
        if self.forbid_overwrite {
            request = request.forbid_overwrite();
        }
        let result = request.send_for::<CompleteMultipartUploadResult>().await;
        let (headers, document) = match result {
            Err(error) if error.code() == Some("NoSuchUpload") => {
                return self.completed_before(ours).await.ok_or(error);
            }
            other => other?,
        };
        check_sum(request.context(), ours, &headers)?;
        stored(request.context(), &document.etag, &headers)
    }

    /// Aborts the upload, and OSS deletes its parts. It is no error if there are none.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn abort(&self) -> Result<(), Error> {
        let request = self
            .request(Operation::AbortMultipartUpload, Method::DELETE)
            .query("uploadId", &self.id);
        match request.send().await {
            Err(error) if error.code() != Some("NoSuchUpload") => Err(error),
            _ => Ok(()),
        }
    }

    async fn send_all(&self, content: Bytes, part_bytes: usize) -> Result<PutResult, Error> {
        let starts = (0..content.len()).step_by(part_bytes);
        let parts = (1..).zip(starts).map(|(number, start)| {
            let end = content.len().min(start + part_bytes);
            self.upload_part(number, content.slice(start..end))
        });
        let parts = stream::iter(parts)
            .buffered(PARTS_IN_FLIGHT)
            .try_collect()
            .await?;
        self.complete(parts).await
    }

    /// The object, if it has this checksum: then an earlier attempt completed the upload and
    /// its response was lost.
    async fn completed_before(&self, ours: Crc64) -> Option<PutResult> {
        let meta = self.bucket.head(&self.key).await.ok()?;
        (meta.crc64 == Some(ours)).then_some(PutResult {
            etag: meta.etag,
            event_status: None,
        })
    }

    fn request(&self, operation: Operation, method: Method) -> Request<'_> {
        self.bucket.on_object(operation, method, &self.key)
    }
}
