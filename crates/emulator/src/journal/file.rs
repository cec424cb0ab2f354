//! The file under the journal: whole lines or nothing, and one process at a time.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::JournalError;

const LOCK: &str = "lock";

/// A file that only grows, by whole lines.
#[derive(Debug)]
pub(super) struct LineFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// A line was cut and could not be taken back: anything after it would be misread.
    torn: bool,
}

impl LineFile {
    /// Makes an empty file at `path`, in place of any other.
    pub(super) fn create(path: PathBuf) -> Result<Self, JournalError> {
        match File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
        {
            Ok(file) => Ok(Self {
                path,
                file,
                length: 0,
                torn: false,
            }),
            Err(source) => Err(JournalError::Io { path, source }),
        }
    }

    /// Goes on behind the first `length` bytes of the file at `path`, which are whole lines.
    pub(super) fn resume(path: PathBuf, length: u64) -> Result<Self, JournalError> {
        match File::options().write(true).open(&path) {
            Ok(file) => {
                let mut file = Self {
                    path,
                    file,
                    length,
                    torn: false,
                };
                file.take_back().map_err(|source| file.error(source))?;
                Ok(file)
            }
            Err(source) => Err(JournalError::Io { path, source }),
        }
    }

    /// Takes the file away. One that stays is overwritten at the next start.
    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    /// Appends `line`, which ends with a line feed. On an error nothing was appended.
    pub(super) fn append(&mut self, line: &[u8]) -> Result<(), JournalError> {
        if self.torn {
            return Err(self.error(io::Error::other("an earlier line was cut")));
        }
        if let Err(source) = self.file.write_all(line) {
            self.torn = self.take_back().is_err();
            return Err(self.error(source));
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Moves the file, in one step, in place of any other at `path`.
    pub(super) fn rename_to(&mut self, path: PathBuf) -> Result<(), JournalError> {
        std::fs::rename(&self.path, &path).map_err(|source| self.error(source))?;
        self.path = path;
        Ok(())
    }

    /// Cuts off whatever is behind the last whole line.
    fn take_back(&mut self) -> io::Result<()> {
        use std::io::{Seek as _, SeekFrom};
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(drop)
    }

    fn error(&self, source: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

/// Keeps other emulators out of a data directory until dropped.
#[derive(Debug)]
pub(super) struct DirectoryLock(#[expect(dead_code, reason = "held, not read")] File);

impl DirectoryLock {
    /// Makes the directory if need be and takes its lock.
    pub(super) fn take(directory: &Path) -> Result<Self, JournalError> {
        let error = |source| JournalError::Io {
            path: directory.to_owned(),
            source,
        };
        std::fs::create_dir_all(directory).map_err(error)?;
        let file = File::create(directory.join(LOCK)).map_err(error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse {
                path: directory.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(error(source)),
        }
    }
}
