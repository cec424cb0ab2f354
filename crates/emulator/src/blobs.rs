//! The bytes of objects: in memory, or as files under the data directory.
//!
//! Bytes are written once, in pieces as they arrive, and never changed. Each blob has one
//! owner, an object or an uploaded part; the journal names it only when it is complete, so a
//! file that no record names is what a kill left behind. Blobs know nothing of objects.

mod read;
mod write;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::read::BlobStream;
pub use self::write::{BlobWriter, StoredBlob};

const DIRECTORY: &str = "blobs";

/// Where bytes are kept.
#[derive(Debug)]
pub struct Blobs {
    directory: Option<PathBuf>,
    /// Blobs without an owner whose files may still be read.
    discarded: Mutex<HashMap<Uuid, Blob>>,
}

/// A sequence of bytes that does not change. Clones are the same blob; the journal keeps its
/// name and length only.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "Name", from = "Name")]
pub struct Blob(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: Name,
    /// The bytes, where there are no files.
    memory: Option<Bytes>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Name {
    id: Uuid,
    length: u64,
}

impl Blob {
    fn new(name: Name, memory: Option<Bytes>) -> Self {
        Self(Arc::new(Inner { name, memory }))
    }

    /// Names the blob in the journal.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.0.name.id
    }

    /// Length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.0.name.length
    }
}

impl From<Name> for Blob {
    fn from(name: Name) -> Self {
        Self::new(name, None)
    }
}

impl From<Blob> for Name {
    fn from(blob: Blob) -> Self {
        blob.0.name
    }
}

impl Blobs {
    /// Keeps bytes in memory.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            directory: None,
            discarded: Mutex::default(),
        }
    }

    /// Keeps bytes in files under `data`.
    ///
    /// # Errors
    /// When the folder for them cannot be made.
    pub fn in_directory(data: &Path) -> io::Result<Self> {
        let directory = data.join(DIRECTORY);
        std::fs::create_dir_all(&directory)?;
        Ok(Self {
            directory: Some(directory),
            discarded: Mutex::default(),
        })
    }

    /// A new blob with the bytes of another, sharing memory or disk space.
    ///
    /// # Errors
    /// When its file cannot be linked.
    pub fn duplicate(&self, blob: &Blob) -> io::Result<Blob> {
        let name = Name {
            id: Uuid::new_v4(),
            length: blob.length(),
        };
        if let (Some(from), Some(to)) = (self.path(blob.id()), self.path(name.id)) {
            std::fs::hard_link(from, to)?;
        }
        Ok(Blob::new(name, blob.0.memory.clone()))
    }

    /// Takes blobs that lost their owner, and frees them when their last reader is done.
    pub fn discard(&self, blobs: impl IntoIterator<Item = Blob>) {
        let Some(directory) = &self.directory else {
            return;
        };
        let mut discarded = self.discarded.lock();
        discarded.extend(blobs.into_iter().map(|blob| (blob.id(), blob)));
        discarded.retain(|id, blob| {
            let being_read = Arc::strong_count(&blob.0) > 1;
            if !being_read {
                remove(&directory.join(id.to_string()));
            }
            being_read
        });
    }

    /// Removes every file that is not one of `owned`. For the start, before any is read.
    pub fn sweep(&self, owned: &HashSet<Uuid>) {
        let Some(directory) = &self.directory else {
            return;
        };
        let Ok(entries) = std::fs::read_dir(directory) else {
            return;
        };
        for entry in entries.flatten() {
            let id = entry
                .file_name()
                .to_str()
                .and_then(|name| Uuid::try_parse(name).ok());
            if id.is_none_or(|id| !owned.contains(&id)) {
                remove(&entry.path());
            }
        }
    }

    fn path(&self, id: Uuid) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(id.to_string()))
    }
}

/// A file that stays behind wastes space until the next start; nothing else.
fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "cannot remove a blob");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
