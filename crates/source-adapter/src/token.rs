//! A token that a sink wants to see (OIDC), out of a mounted file.
//!
//! Kubernetes renews the file long before the token in it ends, so reading it again every
//! few seconds is enough. Without a token nothing is sent at all: a sink would refuse the
//! event for good, and it would end as a dead letter for no fault of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use http::HeaderValue;
use parking_lot::RwLock;
use tokio::fs;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Kubernetes itself takes up to a minute to update a mounted file.
const POLL: Duration = Duration::from_secs(5);
/// Far above any token, and a header that servers still take.
const MAX_BYTES: u64 = 16 * 1024;

/// `Bearer` and the token of the moment. Clones share it.
#[derive(Clone, Debug)]
pub struct Token(Arc<RwLock<HeaderValue>>);

/// A file with a token in it, and the setting that names the file.
#[derive(Clone, Debug)]
pub struct TokenFile {
    path: PathBuf,
    setting: &'static str,
}

/// Keeps a [`Token`] fresh. Its owner runs it next to what uses the token.
#[derive(Debug)]
pub struct TokenKeeper {
    file: TokenFile,
    token: Token,
}

impl Token {
    /// The value of an `Authorization` header; marked as sensitive.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.0.read().clone()
    }
}

impl TokenFile {
    /// The file at `path`, as `setting` says.
    #[must_use]
    pub fn new(path: &Path, setting: &'static str) -> Self {
        let path = path.to_owned();
        Self { path, setting }
    }

    /// Reads the file for the first time.
    ///
    /// # Errors
    /// The file cannot be read or holds no token; the text names it.
    pub async fn open(self) -> anyhow::Result<(Token, TokenKeeper)> {
        let token = Token(Arc::new(RwLock::new(self.read().await?)));
        let keeper = TokenKeeper {
            file: self,
            token: token.clone(),
        };
        Ok((token, keeper))
    }

    async fn read(&self) -> anyhow::Result<HeaderValue> {
        let Self { path, setting } = self;
        let path = path.display();
        let text = read_bounded(&self.path).await.with_context(|| {
            format!("cannot read `{path}`: check that the token of {setting} is mounted there")
        })?;
        let token = text.trim();
        let header = HeaderValue::from_str(&format!("Bearer {token}"));
        match header {
            Ok(mut header) if !token.is_empty() => {
                header.set_sensitive(true);
                Ok(header)
            }
            _ => Err(anyhow!(
                "`{path}` holds no token: check what {setting} names"
            )),
        }
    }
}

impl TokenKeeper {
    /// Runs until `stop` is cancelled.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the token as it is.
    pub async fn run(self, stop: &CancellationToken) {
        // Cancel-safe: reading changes nothing until its result is stored.
        stop.run_until_cancelled(self.watch()).await;
    }

    async fn watch(self) {
        let mut is_broken = false;
        loop {
            sleep(POLL).await;
            match self.file.read().await {
                Ok(header) => {
                    is_broken = false;
                    self.take(header);
                }
                // Once, not every few seconds until it is repaired.
                Err(error) if !is_broken => {
                    is_broken = true;
                    let error = service::error_line(error.as_ref());
                    warn!(error, "keeping the old token of the sink");
                }
                Err(_) => {}
            }
        }
    }

    fn take(&self, header: HeaderValue) {
        let mut token = self.token.0.write();
        if *token != header {
            *token = header;
            let path = self.file.path.display();
            info!(path = %path, "took a new token of the sink from `{path}`");
        }
    }
}

async fn read_bounded(path: &Path) -> io::Result<String> {
    if fs::metadata(path).await?.len() > MAX_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "larger than 16 KiB",
        ));
    }
    fs::read_to_string(path).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn token_follows_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        std::fs::write(&path, "first\n").unwrap();
        let (token, keeper) = TokenFile::new(&path, "SETTING").open().await.unwrap();
        assert_eq!(token.header(), "Bearer first");
        assert!(token.header().is_sensitive());
        assert!(!format!("{token:?}").contains("first"), "{token:?}");
        let stop = CancellationToken::new();
        let run = tokio::spawn({
            let stop = stop.clone();
            async move { keeper.run(&stop).await }
        });
        for (content, expected) in [
            ("second", "Bearer second"),
            ("", "Bearer second"),
            ("third", "Bearer third"),
        ] {
            std::fs::write(&path, content).unwrap();
            sleep(2 * POLL).await;
            while token.header() != expected {
                sleep(POLL).await;
            }
        }
        stop.cancel();
        run.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_no_token_is_named_and_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let table = [
            ("absent", None, "cannot read `"),
            ("empty", Some(" \n".to_owned()), "holds no token"),
            (
                "two lines",
                Some("MARKER\nMARKER".to_owned()),
                "holds no token",
            ),
            ("too large", Some("MARKER".repeat(10_000)), "cannot read `"),
        ];
        for (name, content, expected) in table {
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let error = TokenFile::new(&path, "SETTING").open().await.unwrap_err();
            let line = service::error_line(error.as_ref());
            assert!(line.contains(expected), "{name}: {line}");
            assert!(line.contains("SETTING"), "{name}: {line}");
            assert!(!line.contains("MARKER"), "{name}: {line}");
        }
    }
}
