//! A body in pieces that the form parser can take.
//!
//! The parser takes whatever is ready, keeps it until a boundary or the end of a field's head
//! turns up, and looks through all that it keeps whenever more arrives. So the pieces are large
//! and come one at a time, and there are no more once too many of them led to nothing.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

/// Shortest piece but the last, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// What may come before the next boundary or the end of a field's head, in bytes.
const MAX_FUTILE_BYTES: usize = 1024 * 1024;

/// Too many bytes in which the parser found nothing.
#[derive(Debug, thiserror::Error)]
#[error("no boundary and no end of a field's head within {MAX_FUTILE_BYTES} bytes")]
pub(super) struct Futile;

/// How many bytes the parser was given since it last found something.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicUsize>);

impl Progress {
    /// The parser found a field, or a part of one.
    pub(super) fn made(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// The pieces of a body. Fails with [`Futile`] instead of going on for nothing.
pub(super) struct Pieces {
    body: BodyDataStream,
    gathered: BytesMut,
    ended: bool,
    /// The parser is to look at the last piece first.
    rests: bool,
    progress: Progress,
}

impl Pieces {
    pub(super) fn of(body: Body, progress: Progress) -> Self {
        Self {
            body: body.into_data_stream(),
            gathered: BytesMut::new(),
            ended: false,
            rests: false,
            progress,
        }
    }

    /// Waits for a whole piece, or for the end.
    fn poll_gather(&mut self, context: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        while !self.ended && self.gathered.len() < PIECE_BYTES {
            match ready!(self.body.poll_next_unpin(context)) {
                Some(data) => self.gathered.extend_from_slice(&data?),
                None => self.ended = true,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if mem::take(&mut self.rests) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.progress.0.load(Ordering::Relaxed) >= MAX_FUTILE_BYTES {
            return Poll::Ready(Some(Err(Futile.into())));
        }
        ready!(self.poll_gather(context))?;
        if self.gathered.is_empty() {
            return Poll::Ready(None);
        }
        let piece = self.gathered.split().freeze();
        self.progress.0.fetch_add(piece.len(), Ordering::Relaxed);
        self.rests = true;
        Poll::Ready(Some(Ok(piece)))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    fn pieces(frames: impl Stream<Item = Bytes> + Send + 'static) -> (Pieces, Progress) {
        let progress = Progress::default();
        let body = Body::from_stream(frames.map(Ok::<_, Infallible>));
        (Pieces::of(body, progress.clone()), progress)
    }

    #[tokio::test]
    async fn small_frames_become_large_pieces_and_nothing_is_lost() {
        let frames = (0..100_000_u32).map(|number| Bytes::from(number.to_string()));
        let expected: Vec<u8> = frames.clone().flatten().collect();
        let (pieces, progress) = pieces(stream::iter(frames));
        let pieces: Vec<_> = pieces
            .map(|piece| {
                progress.made();
                piece.unwrap()
            })
            .collect()
            .await;
        assert_eq!(pieces.concat(), expected);
        assert_eq!(pieces.len(), expected.len().div_ceil(PIECE_BYTES));
    }

    #[tokio::test]
    async fn the_parser_is_asked_before_each_further_piece() {
        let (mut pieces, _) = pieces(stream::repeat(Bytes::from(vec![b'a'; PIECE_BYTES])));
        assert!(futures_util::poll!(pieces.next()).is_ready());
        assert!(futures_util::poll!(pieces.next()).is_pending());
        assert!(futures_util::poll!(pieces.next()).is_ready());
    }

    #[tokio::test]
    async fn what_leads_to_nothing_is_not_read_for_ever() {
        let (pieces, _) = pieces(stream::repeat(Bytes::from_static(b"-")));
        let given = pieces.take_while(|piece| std::future::ready(piece.is_ok()));
        assert_eq!(given.count().await, MAX_FUTILE_BYTES / PIECE_BYTES);
    }
}
