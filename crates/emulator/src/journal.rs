//! The journal, which survives a restart: one append-only file of JSON lines.
//!
//! A service's state is whatever its records, applied in order, make of an empty one.
//! It changes by appending a record here and then applying it, under one lock; after a
//! restart the same `apply` runs over the recorded lines. What was acknowledged is
//! therefore there again after the process was killed at any point. It need not be after
//! the machine lost power: lines are handed to the operating system, not forced to disk.
//!
//! On opening, the file is compacted: each service writes the records that make its
//! present state, and the new file takes the old one's place in one rename. Where there is no
//! room for that, the old file goes on.

mod file;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::{Mutex, MutexGuard};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::file::{DirectoryLock, LineFile};

const FILE: &str = "journal.jsonl";
const COMPACTED: &str = "journal.jsonl.new";

/// State that is kept by journalling the records that change it.
pub trait Journaled {
    /// One change. Applying it must not depend on the clock or on chance, or the state
    /// after a restart would differ.
    type Record: Serialize + DeserializeOwned;

    /// Names this state's lines among those of others.
    const SECTION: &'static str;

    /// Makes the change. Must accept every record that was ever appended.
    fn apply(&mut self, record: Self::Record);

    /// The shortest list of records that makes this state of an empty one.
    fn snapshot(&self) -> Vec<Self::Record>;
}

/// Why something cannot be kept, or what was kept cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The data directory or a file in it cannot be used.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process works in the same data directory.
    #[error("`{}` is in use by another emulator", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// A line other than the last does not read as a record.
    #[error("line {line} of `{}` is damaged", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A record cannot be written as JSON.
    #[error("cannot write a record")]
    Record(#[source] serde_json::Error),
}

/// The journal; keeps nothing when it is in memory.
#[derive(Debug)]
pub struct Journal(Option<Mutex<Open>>);

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: LineFile,
    recovered: Recovered,
    /// There was no room for the compacted records: the old file is still the journal.
    uncompacted: bool,
    _lock: DirectoryLock,
}

/// The content of the file.
#[derive(Debug, Default)]
struct Recovered {
    sections: HashMap<String, Vec<Numbered>>,
    /// Length of its whole lines in bytes.
    length: u64,
}

/// A recovered record with the number of its line, for error messages.
#[derive(Debug)]
struct Numbered {
    line: usize,
    record: Box<RawValue>,
}

#[derive(Serialize)]
struct LineOut<'a, R> {
    section: &'a str,
    record: &'a R,
}

#[derive(Deserialize)]
struct LineIn<'a> {
    section: &'a str,
    #[serde(borrow)]
    record: &'a RawValue,
}

impl Journal {
    /// A journal that keeps nothing.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(None)
    }

    /// Opens or makes the journal in `directory` and reads it. Then
    /// [`restore`](Self::restore) every section and [`begin`](Self::begin).
    ///
    /// # Errors
    /// When the directory cannot be used, is in use, or a line before the last is damaged.
    /// A torn last line is what a kill leaves behind; it was never acknowledged and is
    /// dropped.
    pub fn open(directory: &Path) -> Result<Self, JournalError> {
        let lock = DirectoryLock::take(directory)?;
        let path = directory.join(FILE);
        let recovered = recover(&path)?;
        let file = LineFile::create(directory.join(COMPACTED))?;
        Ok(Self(Some(Mutex::new(Open {
            path,
            file,
            recovered,
            uncompacted: false,
            _lock: lock,
        }))))
    }

    /// The state of one section, as its records make it of `empty`.
    ///
    /// # Errors
    /// When a record does not read as one of this section.
    pub fn restore<S: Journaled>(&self, empty: S) -> Result<S, JournalError> {
        let mut state = empty;
        let Some(mut open) = self.lock() else {
            return Ok(state);
        };
        let records = open.recovered.sections.remove(S::SECTION);
        for Numbered { line, record } in records.unwrap_or_default() {
            let record =
                serde_json::from_str(record.get()).map_err(|source| JournalError::Damaged {
                    path: open.path.clone(),
                    line,
                    source,
                })?;
            state.apply(record);
        }
        open.compact(&state);
        Ok(state)
    }

    /// Puts the compacted journal in the old one's place. Call once, when every section
    /// has been restored; a section that was not taken is gone afterwards.
    ///
    /// # Errors
    /// When the file cannot be renamed, or the old one cannot be opened.
    pub fn begin(&self) -> Result<(), JournalError> {
        let Some(mut open) = self.lock() else {
            return Ok(());
        };
        let path = open.path.clone();
        if open.uncompacted {
            open.file.remove();
            open.file = LineFile::resume(path, open.recovered.length)?;
            return Ok(());
        }
        open.file.rename_to(path)
    }

    /// Keeps one record. It survives the process from the moment this returns.
    ///
    /// Writes synchronously: a line goes to the page cache in microseconds, and the
    /// caller holds its state's lock, so that records stand in the order of the changes.
    ///
    /// # Errors
    /// When the line cannot be written; the change must then not be made.
    pub fn append<S: Journaled>(&self, record: &S::Record) -> Result<(), JournalError> {
        match self.lock() {
            Some(mut open) => open.append(S::SECTION, record),
            None => Ok(()),
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, Open>> {
        Some(self.0.as_ref()?.lock())
    }
}

impl Open {
    fn compact<S: Journaled>(&mut self, state: &S) {
        for record in state.snapshot() {
            if self.uncompacted {
                return;
            }
            if let Err(error) = self.append(S::SECTION, &record) {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(cause, "cannot compact the journal");
                self.uncompacted = true;
            }
        }
    }

    fn append<R: Serialize>(&mut self, section: &str, record: &R) -> Result<(), JournalError> {
        let mut line =
            serde_json::to_vec(&LineOut { section, record }).map_err(JournalError::Record)?;
        line.push(b'\n');
        self.file.append(&line)
    }
}

fn recover(path: &Path) -> Result<Recovered, JournalError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Recovered::default()),
        Err(source) => {
            return Err(JournalError::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    let mut recovered = Recovered::default();
    for (index, line_bytes) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(line_text) = line_bytes.strip_suffix(b"\n") else {
            tracing::warn!(path = %path.display(), "dropped a torn last line");
            break;
        };
        let line = index + 1;
        let LineIn { section, record } =
            serde_json::from_slice(line_text).map_err(|source| JournalError::Damaged {
                path: path.to_owned(),
                line,
                source,
            })?;
        let record = record.to_owned();
        recovered.length += line_bytes.len() as u64;
        recovered
            .sections
            .entry(section.to_owned())
            .or_default()
            .push(Numbered { line, record });
    }
    Ok(recovered)
}

#[cfg(test)]
mod tests;
