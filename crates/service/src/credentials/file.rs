//! Credentials from a mounted Secret.
//!
//! The path may be a file with the JSON document that the first event source was
//! configured with, a directory with that file alone (one Secret key), or a directory
//! with one file per field. Kubernetes swaps the content behind symbolic links, so the
//! path is resolved anew at every read.

use std::io;
use std::path::{Path, PathBuf};

use signing::SecretDocument;
use tokio::fs;
use zeroize::Zeroizing;

use super::CredentialsError;

/// Far above any Secret of ours; Kubernetes allows 1 MiB.
const MAX_BYTES: u64 = 64 * 1024;

/// A mounted Secret.
#[derive(Clone, Debug)]
pub struct SecretFile {
    path: PathBuf,
}

impl SecretFile {
    /// The Secret at `path`. Nothing is read yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it as it is now.
    ///
    /// # Errors
    /// [`CredentialsError::Unreadable`] may pass; the others are permanent until
    /// somebody changes the Secret.
    pub async fn read(&self) -> Result<SecretDocument, CredentialsError> {
        let unreadable = |source| CredentialsError::Unreadable {
            path: self.path.clone(),
            mounted: "Secret",
            source,
        };
        let metadata = fs::metadata(&self.path).await.map_err(unreadable)?;
        let text = if metadata.is_dir() {
            self.read_directory().await?
        } else {
            read_text(&self.path).await.map_err(unreadable)?
        };
        SecretDocument::from_json(&text).map_err(|source| CredentialsError::Content {
            path: self.path.clone(),
            source,
        })
    }

    /// The directory's document, or one made of its files.
    async fn read_directory(&self) -> Result<Zeroizing<String>, CredentialsError> {
        let unreadable = |source| CredentialsError::Unreadable {
            path: self.path.clone(),
            mounted: "Secret",
            source,
        };
        if let Some(document) = self.assemble().await.map_err(unreadable)? {
            return Ok(document);
        }
        match self.only_file().await.map_err(unreadable)? {
            Some(file) => read_text(&file).await.map_err(unreadable),
            None => Err(CredentialsError::Directory {
                path: self.path.clone(),
            }),
        }
    }

    async fn assemble(&self) -> io::Result<Option<Zeroizing<String>>> {
        let mut document = Vec::new();
        for field in ["accessKeyId", "accessKeySecret", "securityToken", "url"] {
            match read_text(&self.path.join(field)).await {
                Ok(value) => document.push((field, value)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if !document
            .iter()
            .any(|(field, _)| field.starts_with("accessKey"))
        {
            return Ok(None);
        }
        let fields: std::collections::BTreeMap<_, &str> = document
            .iter()
            .map(|(field, value)| (*field, value.as_str()))
            .collect();
        Ok(Some(Zeroizing::new(serde_json::to_string(&fields)?)))
    }

    /// The single visible file, if there is exactly one. Names with a leading dot are
    /// Kubernetes' own.
    async fn only_file(&self) -> io::Result<Option<PathBuf>> {
        let mut entries = fs::read_dir(&self.path).await?;
        let mut found = None;
        while let Some(entry) = entries.next_entry().await? {
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if found.replace(entry.path()).is_some() {
                return Ok(None);
            }
        }
        Ok(found)
    }
}

async fn read_text(path: &Path) -> io::Result<Zeroizing<String>> {
    if fs::metadata(path).await?.len() > MAX_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "larger than 64 KiB",
        ));
    }
    fs::read_to_string(path).await.map(Zeroizing::new)
}
