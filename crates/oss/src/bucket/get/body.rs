//! The body of a response, checked while it streams by.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use http::StatusCode;
use tokio::time::timeout;
use transport::TransportError;

use super::range::ContentRange;
use crate::crc64::Digest;
use crate::error::{Context, Error};
use crate::meta::{ObjectMeta, content_length};

/// How long to wait for the next chunk of the body.
const CHUNK_DEADLINE: Duration = Duration::from_secs(30);

/// An object, or a part of one, whose content is still to be read.
pub struct Object {
    meta: ObjectMeta,
    part: Option<ContentRange>,
    context: Context,
    response: reqwest::Response,
    digest: Digest,
    announced_bytes: u64,
    received_bytes: u64,
}

impl Object {
    /// Reads the head of a successful answer to a request for an object or a range of one.
    pub(super) fn new(
        context: Context,
        is_range: bool,
        response: reqwest::Response,
    ) -> Result<Self, Error> {
        let headers = response.headers();
        if is_range && response.status() != StatusCode::PARTIAL_CONTENT {
            let context = Box::new(context);
            return Err(Error::RangeIgnored { context });
        }
        let unreadable = |source| Error::unreadable(&context, source);
        let part = if is_range {
            Some(ContentRange::read(headers).map_err(unreadable)?)
        } else {
            None
        };
        let announced_bytes = content_length(headers).map_err(unreadable)?;
        let size_bytes = part.map_or(announced_bytes, |part| part.size_bytes);
        let meta = ObjectMeta::read(headers, size_bytes).map_err(unreadable)?;
        Ok(Self {
            meta,
            part,
            context,
            response,
            digest: Digest::default(),
            announced_bytes,
            received_bytes: 0,
        })
    }

    /// The metadata of the object.
    #[must_use]
    pub fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    /// The positions of the bytes that will be read, if a range was asked for.
    #[must_use]
    pub fn range(&self) -> Option<RangeInclusive<u64>> {
        self.part.map(|part| part.first..=part.last)
    }

    /// The next piece of content; `None` once all of it was read and found undamaged.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when nothing comes for 30 seconds or the connection breaks,
    /// [`Error::Truncated`] or [`Error::Damaged`] at the end. All may be retried by getting
    /// the object again.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(chunk) = self.receive().await? else {
            self.check()?;
            return Ok(None);
        };
        self.received_bytes += chunk.len() as u64;
        self.digest.update(&chunk);
        Ok(Some(chunk))
    }

    /// The whole content, if it has at most `limit_bytes`.
    ///
    /// # Errors
    /// [`Error::TooLarge`], before anything is read if OSS announces it; otherwise as
    /// [`Object::chunk`].
    pub async fn read_to_end(mut self, limit_bytes: u64) -> Result<Bytes, Error> {
        if self.announced_bytes > limit_bytes {
            return Err(self.too_large(limit_bytes));
        }
        // The announcement is within the caller's limit, so it may size the buffer.
        let capacity = usize::try_from(self.announced_bytes).unwrap_or_default();
        let mut content = BytesMut::with_capacity(capacity);
        while let Some(chunk) = self.chunk().await? {
            if self.received_bytes > limit_bytes {
                return Err(self.too_large(limit_bytes));
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content.freeze())
    }

    /// The content as a stream, whose last item is an error if the content is damaged.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> {
        stream::try_unfold(self, async |mut object| {
            Ok(object.chunk().await?.map(|chunk| (chunk, object)))
        })
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Error> {
        let received = timeout(CHUNK_DEADLINE, self.response.chunk()).await;
        let host = || {
            self.response
                .url()
                .host_str()
                .unwrap_or_default()
                .to_owned()
        };
        let source = match received {
            Ok(Ok(chunk)) => return Ok(chunk),
            Ok(Err(source)) => TransportError::Unanswered {
                host: host(),
                source: source.without_url().into(),
            },
            Err(_elapsed) => TransportError::TimedOut {
                host: host(),
                after: CHUNK_DEADLINE,
            },
        };
        Err(Error::unanswered(&self.context, source))
    }

    fn check(&self) -> Result<(), Error> {
        let context = || Box::new(self.context.clone());
        let expected_bytes = self
            .part
            .map_or(self.announced_bytes, |part| part.last - part.first + 1);
        if self.received_bytes != expected_bytes {
            return Err(Error::Truncated {
                context: context(),
                announced_bytes: expected_bytes,
                received_bytes: self.received_bytes,
            });
        }
        let ours = self.digest.finish();
        match self.meta.crc64 {
            Some(theirs) if self.part.is_none() && theirs != ours => Err(Error::Damaged {
                context: context(),
                ours,
                theirs,
            }),
            _ => Ok(()),
        }
    }

    fn too_large(&self, limit_bytes: u64) -> Error {
        Error::TooLarge {
            context: Box::new(self.context.clone()),
            limit_bytes,
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("context", &self.context)
            .field("meta", &self.meta)
            .field("received_bytes", &self.received_bytes)
            .finish_non_exhaustive()
    }
}
