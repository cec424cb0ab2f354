//! Whether a folder holds what would be rendered.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

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
    let mut stale = Vec::new();
    let mut leftover = manifests_in(folder)?;
    for file in standard()? {
        if !leftover.remove(&file.path) {
            stale.push(Stale::Missing(file.path));
            continue;
        }
        let path = folder.join(&file.path);
        let text = fs::read_to_string(&path).map_err(|source| CheckError::Read { path, source })?;
        if text != file.text {
            stale.push(Stale::Different(file.path));
        }
    }
    stale.extend(leftover.into_iter().map(Stale::Leftover));
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
