//! Taking in bytes as they arrive, with their checksums.

use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use oss::crc64;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use super::{Blob, Blobs, Name, remove};

/// A blob in the making. Dropped before it is finished, it leaves nothing.
pub struct BlobWriter {
    id: Uuid,
    length: u64,
    md5: Md5,
    crc64: crc64::Digest,
    target: Target,
}

enum Target {
    Memory(Vec<u8>),
    File(File, Unfinished),
}

/// Removes a file unless told that it is finished.
struct Unfinished(Option<PathBuf>);

/// A finished blob with the checksums of its bytes.
#[derive(Debug)]
pub struct StoredBlob {
    /// The blob, without an owner yet.
    pub blob: Blob,
    /// MD5 of its bytes.
    pub md5: [u8; 16],
    /// CRC-64 of its bytes, as OSS computes it.
    pub crc64: u64,
}

impl Blobs {
    /// Starts a blob.
    ///
    /// # Errors
    /// When its file cannot be made.
    pub async fn writer(&self) -> io::Result<BlobWriter> {
        let id = Uuid::new_v4();
        let target = match self.path(id) {
            None => Target::Memory(Vec::new()),
            Some(path) => {
                let unfinished = Unfinished(Some(path.clone()));
                Target::File(File::create_new(path).await?, unfinished)
            }
        };
        let (md5, crc64) = (Md5::new(), crc64::Digest::default());
        Ok(BlobWriter {
            id,
            length: 0,
            md5,
            crc64,
            target,
        })
    }
}

impl BlobWriter {
    /// Bytes taken so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Takes more bytes.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.md5.update(&bytes);
        self.crc64.update(&bytes);
        match &mut self.target {
            Target::Memory(memory) => memory.extend_from_slice(&bytes),
            Target::File(file, _) => file.write_all(&bytes).await?,
        }
        Ok(())
    }

    /// Ends the blob. Its bytes survive the process from here on; they count only once the
    /// journal names them.
    ///
    /// # Errors
    /// When the last bytes cannot be written.
    pub async fn finish(self) -> io::Result<StoredBlob> {
        let memory = match self.target {
            Target::Memory(mut memory) => {
                memory.shrink_to_fit();
                Some(Bytes::from(memory))
            }
            Target::File(mut file, mut unfinished) => {
                file.flush().await?;
                unfinished.0 = None;
                None
            }
        };
        let blob = Blob::new(
            Name {
                id: self.id,
                length: self.length,
            },
            memory,
        );
        let crc64 = self.crc64.finish().0;
        Ok(StoredBlob {
            blob,
            md5: self.md5.finalize().into(),
            crc64,
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            remove(&path);
        }
    }
}
