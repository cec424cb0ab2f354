//! Writes the addresses that the process listens on to a file.
//!
//! With port 0 the system picks the port; a parent process that needs to know reads
//! this file. It appears whole or not at all.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The announcement could not be written. Permanent.
#[derive(Debug, Error)]
#[error("cannot write the addresses to `{}`: choose another file with --announce", path.display())]
pub struct AnnounceError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Writes `{"<name>": "<address>", ...}` to `path` in one step.
///
/// # Errors
/// Permanent: the directory is missing, or not ours to write.
pub fn announce(path: &Path, addresses: &[(&str, SocketAddr)]) -> Result<(), AnnounceError> {
    write(path, addresses).map_err(|source| AnnounceError {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, addresses: &[(&str, SocketAddr)]) -> io::Result<()> {
    let document: BTreeMap<_, _> = addresses.iter().copied().collect();
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    // Beside the target, because a rename is atomic within one file system only.
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    serde_json::to_writer(&mut file, &document)?;
    file.flush()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcement_replaces_an_older_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("addresses.json");
        std::fs::write(&path, "old").unwrap();
        announce(
            &path,
            &[
                ("http", ([127, 0, 0, 1], 80).into()),
                ("admin", ([127, 0, 0, 1], 81).into()),
            ],
        )
        .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, r#"{"admin":"127.0.0.1:81","http":"127.0.0.1:80"}"#);
        assert_eq!(
            std::fs::read_dir(&directory).unwrap().count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn missing_directory_is_named() {
        let error = announce(Path::new("/nowhere/at/all.json"), &[]).unwrap_err();
        insta::assert_snapshot!(error, @"cannot write the addresses to `/nowhere/at/all.json`: choose another file with --announce");
    }
}
