//! Bodies of responses: complete ones, and ones that break off.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Response, StatusCode};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::Closed;

/// Some bytes, and then the end or a broken connection.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Option<Bytes>,
    breaks: bool,
    is_flushed: bool,
}

impl Body {
    pub(super) fn complete(bytes: Bytes) -> Self {
        Self {
            bytes: Some(bytes),
            breaks: false,
            is_flushed: false,
        }
    }

    pub(super) fn broken(bytes: Bytes) -> Self {
        Self {
            breaks: true,
            ..Self::complete(bytes)
        }
    }

    pub(super) fn empty_response(status: StatusCode) -> Response<Self> {
        let mut response = Response::new(Self::complete(Bytes::new()));
        *response.status_mut() = status;
        response
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        if let Some(bytes) = self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.breaks {
            return Poll::Ready(None);
        }
        if !self.is_flushed {
            // Hyper writes what it holds only when the body has nothing for it.
            self.is_flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Closed)))
    }

    fn is_end_stream(&self) -> bool {
        !self.breaks && self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            Some(bytes) if !self.breaks => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}
