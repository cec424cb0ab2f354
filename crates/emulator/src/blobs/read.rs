//! Giving bytes out in pieces.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{Blob, Blobs};

/// Large enough that the file system is asked seldom, small enough for many readers.
const CHUNK: usize = 128 * 1024;

/// Bytes being read.
pub type BlobStream = BoxStream<'static, io::Result<Bytes>>;

/// The range of one blob that belongs to a read.
struct Piece {
    blob: Blob,
    range: Range<u64>,
}

impl Blobs {
    /// Reads `range` of the bytes of `blobs` put end to end. What is being read stays
    /// readable when its owner goes.
    pub fn read(&self, blobs: &[Blob], range: Range<u64>) -> BlobStream {
        let directory = self.directory.clone();
        stream::iter(pieces(blobs, range))
            .then(move |piece| open(directory.clone(), piece))
            .try_flatten()
            .boxed()
    }
}

async fn open(directory: Option<PathBuf>, piece: Piece) -> io::Result<BlobStream> {
    if let Some(memory) = &piece.blob.0.memory {
        let slice = from_memory(memory, &piece.range);
        return Ok(stream::once(async { Ok(slice) }).boxed());
    }
    // Only files have no bytes in memory, and only a directory has files.
    let directory = directory.ok_or(io::ErrorKind::NotFound)?;
    let file = File::open(directory.join(piece.blob.id().to_string())).await?;
    from_file(file, piece).await
}

fn pieces(blobs: &[Blob], range: Range<u64>) -> Vec<Piece> {
    let mut start = 0;
    let mut pieces = Vec::new();
    for blob in blobs {
        let end = start + blob.length();
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            pieces.push(Piece {
                blob: blob.clone(),
                range: from - start..to - start,
            });
        }
        start = end;
    }
    pieces
}

/// Offsets within memory fit its addresses.
fn from_memory(memory: &Bytes, range: &Range<u64>) -> Bytes {
    let index = |offset: u64| usize::try_from(offset).unwrap_or(memory.len());
    memory.slice(index(range.start)..index(range.end))
}

async fn from_file(mut file: File, Piece { blob, range }: Piece) -> io::Result<BlobStream> {
    file.seek(SeekFrom::Start(range.start)).await?;
    let reader = file.take(range.end - range.start);
    let chunks = ReaderStream::with_capacity(reader, CHUNK);
    // The stream holds on to the blob, which is what keeps the file.
    Ok(stream::unfold((chunks, blob), next).boxed())
}

async fn next<S>((mut chunks, blob): (S, Blob)) -> Option<(S::Item, (S, Blob))>
where
    S: Stream + Unpin,
{
    let chunk = chunks.next().await?;
    Some((chunk, (chunks, blob)))
}
