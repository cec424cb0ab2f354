//! Whether a folder holds what would be rendered.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::file::File;
use crate::render::standard;
use crate::yaml::RenderError;

/// A file that is not as it would be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It is not there.
    Missing(String),
    /// It is there and holds something else.
    Different(String),
    /// It is there and would not be rendered.
    Leftover(String),
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "`{path}` is missing"),
            Self::Different(path) => write!(f, "`{path}` is not what would be rendered"),
            Self::Leftover(path) => write!(f, "`{path}` is no longer rendered"),
        }
    }
}

/// Why a folder could not be checked. Permanent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Nothing could be rendered to compare with.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The folder or a file in it could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Compares a folder with what [`standard`] gives; nothing is stale in an empty answer.
/// Files other than YAML and TOML are not looked at.
///
/// # Errors
/// Permanent: the folder cannot be read.
pub fn check(folder: &Path) -> Result<Vec<Stale>, CheckError> {
    let mut leftover = manifests_in(folder)?;
    let files = standard()?;
    for file in &files {
        leftover.remove(&file.path);
    }
    let mut stale = compare(folder, &files)?;
    stale.extend(leftover.into_iter().map(Stale::Leftover));
    Ok(stale)
}

/// Compares files in a folder, which may hold others, with what they should be.
///
/// # Errors
/// Permanent: a file is there and cannot be read.
pub fn compare(folder: &Path, files: &[File]) -> Result<Vec<Stale>, CheckError> {
    let mut stale = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        match fs::read_to_string(&path) {
            Ok(text) if text == file.text => {}
            Ok(_) => stale.push(Stale::Different(file.path.clone())),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                stale.push(Stale::Missing(file.path.clone()));
            }
            Err(source) => return Err(CheckError::Read { path, source }),
        }
    }
    Ok(stale)
}

/// All YAML and TOML files below a folder, relative to it.
fn manifests_in(folder: &Path) -> Result<BTreeSet<String>, CheckError> {
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(relative) = folders.pop() {
        let path = folder.join(&relative);
        let cannot_read = |source| CheckError::Read {
            path: path.clone(),
            source,
        };
        for entry in fs::read_dir(&path).map_err(cannot_read)? {
            let entry = entry.map_err(cannot_read)?;
            let relative = relative.join(entry.file_name());
            if entry.file_type().map_err(cannot_read)?.is_dir() {
                folders.push(relative);
            } else if relative
                .extension()
                .is_some_and(|name| name == "yaml" || name == "toml")
            {
                let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
                found.insert(parts.join("/"));
            }
        }
    }
    Ok(found)
}
