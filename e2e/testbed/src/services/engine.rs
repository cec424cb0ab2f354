//! Docker or Podman, whichever runs containers here, and why none of them does.

use std::process::{Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::Command;

/// A program that runs containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Docker, with a daemon that answers.
    Docker,
    /// Podman, run as root.
    Podman,
}

impl Engine {
    /// The first that works here and whose networks this machine can reach into.
    ///
    /// # Errors
    /// Says why there is none.
    pub async fn detect() -> Result<Self> {
        ensure!(
            cfg!(target_os = "linux"),
            "containers have addresses that this machine reaches on Linux only"
        );
        // Docker's client alone is no engine: `info` asks the daemon.
        if Self::Docker.run(&["info"]).await.is_ok() {
            return Ok(Self::Docker);
        }
        let rootless = ["info", "--format={{.Host.Security.Rootless}}"];
        let Ok(rootless) = Self::Podman.run(&rootless).await else {
            bail!("neither docker (with its daemon) nor podman works here");
        };
        ensure!(
            rootless == "false",
            "podman has networks that this machine reaches for root only"
        );
        Ok(Self::Podman)
    }

    /// Its name on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    /// Runs it to its end and gives what it wrote to standard output, trimmed.
    ///
    /// # Errors
    /// When it cannot be run or does not succeed, with its last words.
    pub(super) async fn run(self, words: &[&str]) -> Result<String> {
        let output = self.finished(words).await?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The same with what it wrote to standard error behind it.
    pub(super) async fn output(self, words: &[&str]) -> Result<String> {
        let output = self.finished(words).await?;
        let text = [output.stdout, output.stderr].concat();
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    async fn finished(self, words: &[&str]) -> Result<Output> {
        let mut command = Command::new(self.name());
        command.args(words).stdin(Stdio::null()).kill_on_drop(true);
        let name = format!("{} {}", self.name(), words.first().unwrap_or(&""));
        let output = command.output().await;
        let output = output.with_context(|| format!("cannot run `{name}`"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().lines().last().unwrap_or_default();
            bail!("`{name}` ended with {}: {said}", output.status);
        }
        Ok(output)
    }

    /// Runs it from a destructor, where nothing can be awaited and nothing can be done about
    /// a failure.
    pub(super) fn run_last(self, words: &[&str]) {
        let _ = std::process::Command::new(self.name())
            .args(words)
            .stdin(Stdio::null())
            .output();
    }
}
