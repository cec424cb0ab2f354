//! Reading a response without trusting how large it says it is.
//!
//! The limit is checked on the bytes that arrive. A `Content-Length` may only make the refusal
//! come sooner and the first allocation fit; it never allows more.

use bytes::{Bytes, BytesMut};

use crate::error::TransportError;

/// Reads the whole body, giving up as soon as more than `limit_bytes` have arrived.
///
/// It has no deadline of its own: wrap it, or let the client's read timeout bound each wait.
///
/// # Errors
/// [`TransportError::TooLarge`] is permanent, a broken connection may be retried.
pub async fn read_bounded(
    response: reqwest::Response,
    limit_bytes: usize,
) -> Result<Bytes, TransportError> {
    let host = response.url().host_str().unwrap_or_default().to_owned();
    read(response, limit_bytes, &host).await
}

/// [`read_bounded`] for a response whose host is known.
pub(crate) async fn read(
    mut response: reqwest::Response,
    limit_bytes: usize,
    host: &str,
) -> Result<Bytes, TransportError> {
    let too_large = || TransportError::TooLarge {
        host: host.to_owned(),
        limit_bytes,
    };
    let announced = response
        .content_length()
        .map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced > limit_bytes {
        return Err(too_large());
    }
    let mut body = Gathered::Nothing { announced };
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|source| TransportError::from_reqwest(host, source))?
    {
        if chunk.len() > limit_bytes - body.len() {
            return Err(too_large());
        }
        body = body.with(chunk);
    }
    Ok(body.finish())
}

/// A body in the making. One chunk is handed on as it came; only a second one costs a copy.
enum Gathered {
    Nothing { announced: usize },
    One { chunk: Bytes, announced: usize },
    Many(BytesMut),
}

impl Gathered {
    fn len(&self) -> usize {
        match self {
            Self::Nothing { .. } => 0,
            Self::One { chunk, .. } => chunk.len(),
            Self::Many(buffer) => buffer.len(),
        }
    }

    fn with(self, chunk: Bytes) -> Self {
        match self {
            Self::Nothing { announced } => Self::One { chunk, announced },
            Self::One {
                chunk: first,
                announced,
            } => {
                let mut buffer = BytesMut::with_capacity(announced.max(first.len() + chunk.len()));
                buffer.extend_from_slice(&first);
                buffer.extend_from_slice(&chunk);
                Self::Many(buffer)
            }
            Self::Many(mut buffer) => {
                buffer.extend_from_slice(&chunk);
                Self::Many(buffer)
            }
        }
    }

    fn finish(self) -> Bytes {
        match self {
            Self::Nothing { .. } => Bytes::new(),
            Self::One { chunk, .. } => chunk,
            Self::Many(buffer) => buffer.freeze(),
        }
    }
}
