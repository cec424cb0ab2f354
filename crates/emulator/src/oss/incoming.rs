//! The body of a request: kept as it arrives, or read whole where it is a small document.
//! Always bounded.

use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use md5::{Digest as _, Md5};

use super::error::{OssError, Result};
use super::object::CRC64;
use super::request::OssRequest;
use crate::blobs::{Blobs, StoredBlob};

/// A thousand of the longest keys, escaped, with room to spare.
const MAX_DOCUMENT_BYTES: usize = 8 * 1024 * 1024;
/// How long the rest of a refused body is listened to.
const DRAIN: Duration = Duration::from_secs(10);

/// A body that has not been read to its end.
pub(crate) struct Incoming {
    body: Body,
    /// Its length in bytes, as far as the request says.
    announced: Option<u64>,
    limit: u64,
}

impl Incoming {
    /// A body of which at most `limit` bytes are kept.
    pub(crate) fn new(body: Body, headers: &HeaderMap, limit: u64) -> Self {
        let length = headers.get(CONTENT_LENGTH);
        Self {
            body,
            announced: length.and_then(|length| length.to_str().ok()?.parse().ok()),
            limit,
        }
    }

    /// The raw body, for the form parser.
    pub(crate) fn take(&mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    /// Keeps the body as a blob, and checks it against the sums that the request gives.
    ///
    /// # Errors
    /// `MissingContentLength`, `IncompleteBody`, `EntityTooLarge`, `InvalidDigest`,
    /// `InvalidCRC64`.
    pub(crate) async fn keep(&mut self, request: &OssRequest, blobs: &Blobs) -> Result<StoredBlob> {
        let headers = &request.parts.headers;
        require_length(headers)?;
        self.refuse_announced(0)?;
        let mut writer = blobs.writer().await?;
        while let Some(frame) = self.body.frame().await {
            let Ok(data) = frame.map_err(|_| incomplete())?.into_data() else {
                continue;
            };
            if writer.length() + data.len() as u64 > self.limit {
                return Err(OssError::too_large(self.limit));
            }
            writer.write(data).await?;
        }
        let written = writer.finish().await?;
        check_sums(request, &written.md5, written.crc64).inspect_err(|_| {
            blobs.discard([written.blob.clone()]);
        })?;
        Ok(written)
    }

    /// Reads a document, and checks it against the digest that the request gives.
    ///
    /// # Errors
    /// `IncompleteBody`, `MalformedXML` for one that is too large, `InvalidDigest`.
    pub(crate) async fn document(&mut self, request: &OssRequest) -> Result<Bytes> {
        let body = Limited::new(&mut self.body, MAX_DOCUMENT_BYTES)
            .collect()
            .await;
        let bytes = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => OssError::malformed_xml(),
            None => incomplete(),
        })?;
        let bytes = bytes.to_bytes();
        check_md5(request, &Md5::digest(&bytes))?;
        Ok(bytes)
    }

    /// Reads what is left of a refused body and forgets it: a client that is still sending
    /// hears the answer only when it is done, and takes a closed connection for a failure of the
    /// network. A body beyond the limit is not waited for: the answer goes out at once, and the
    /// connection stays open for a while behind it.
    pub(crate) async fn give_up(mut self) {
        if self.announced.is_some_and(|length| length > self.limit) {
            tokio::spawn(async move { self.drain().await });
        } else {
            self.drain().await;
        }
    }

    async fn drain(&mut self) {
        let mut left = self.limit;
        let drained = async {
            while let Some(Ok(frame)) = self.body.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                left = left.saturating_sub(length);
                if left == 0 {
                    break;
                }
            }
        };
        // On a timeout the connection is closed, which is all that is left to do.
        let _ = tokio::time::timeout(DRAIN, drained).await;
    }

    /// Refuses a body that says to be over the limit by more than `allowance` bytes.
    ///
    /// # Errors
    /// `EntityTooLarge`.
    pub(crate) fn refuse_announced(&self, allowance: u64) -> Result<()> {
        match self.announced {
            Some(length) if length > self.limit.saturating_add(allowance) => {
                Err(OssError::too_large(self.limit))
            }
            _ => Ok(()),
        }
    }
}

/// The answer to a body that ends early.
pub(crate) fn incomplete() -> OssError {
    let message = "The request body terminated unexpectedly.";
    OssError::bad("IncompleteBody", message)
}

fn require_length(headers: &HeaderMap) -> Result<()> {
    if headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING) {
        return Ok(());
    }
    let message = "You must provide the Content-Length HTTP header.";
    Err(OssError::new(
        http::StatusCode::LENGTH_REQUIRED,
        "MissingContentLength",
        message,
    ))
}

fn check_sums(request: &OssRequest, md5: &[u8], crc64: u64) -> Result<()> {
    check_md5(request, md5)?;
    match request.header(CRC64.as_str())? {
        Some(given) if given != crc64.to_string() => {
            let message = "The CRC64 you specified did not match what we received.";
            Err(OssError::bad("InvalidCRC64", message))
        }
        _ => Ok(()),
    }
}

fn check_md5(request: &OssRequest, md5: &[u8]) -> Result<()> {
    match request.header("content-md5")? {
        Some(given) if BASE64_STANDARD.decode(given).ok().as_deref() != Some(md5) => {
            let message = "The Content-MD5 you specified is not valid.";
            Err(OssError::bad("InvalidDigest", message).with("Content-MD5", given))
        }
        _ => Ok(()),
    }
}
