//! Builds the binaries of the pipeline, and says where Cargo put them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::process::Command;

use crate::cargo::cargo;

/// Where the three binaries of the pipeline are.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// OSS, MNS and the face APIs on this machine.
    pub emulator: PathBuf,
    /// Queue to sink.
    pub source_adapter: PathBuf,
    /// Event to annotated object.
    pub face_recognition: PathBuf,
}

impl Binaries {
    /// Builds what is out of date, see [`build`].
    ///
    /// # Errors
    /// As [`build`].
    pub async fn build() -> Result<Self> {
        // Its dependencies are those of all the others; with it, Cargo selects the features
        // with which a caller in it was built, and reuses the work.
        let messages = build(&["emulator", "source-adapter", "face-recognition", "xtask"]).await?;
        Self::from_cargo_messages(&messages)
    }

    /// Finds the three in what [`build`] returned.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn from_cargo_messages(messages: &str) -> Result<Self> {
        let find = |name| executable(messages, name);
        Ok(Self {
            emulator: find("emulator")?,
            source_adapter: find("source-adapter")?,
            face_recognition: find("face-recognition")?,
        })
    }
}

/// Builds `packages` in the profile that the caller was built in, and returns Cargo's
/// messages, for [`executable`]. Cargo's own progress goes to standard error.
///
/// # Errors
/// When Cargo cannot be run or the build fails; the compiler's messages have been shown by
/// then.
pub async fn build(packages: &[&str]) -> Result<String> {
    let mut command = Command::from(cargo());
    command
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(packages.iter().map(|name| format!("--package={name}")))
        // In the release profile as it ships.
        .args((!cfg!(debug_assertions)).then_some("--release"))
        .args((!cfg!(debug_assertions)).then_some("--all-features"))
        .current_dir(workspace_root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    // Not `output`, which would swallow Cargo's progress.
    let build = command.spawn().context("cannot run cargo")?;
    let output = build.wait_with_output().await.context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the binaries do not build: {}", packages.join(", "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The executable of this name in what [`build`] returned.
///
/// # Errors
/// When it is not there.
pub fn executable(messages: &str, name: &str) -> Result<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok()?.executable)
        .find(|path| path.file_stem().is_some_and(|stem| stem == name))
        .with_context(|| format!("cargo built no executable `{name}`"))
}

/// The part of Cargo's build messages that names a finished executable.
#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
}

/// The folder of the workspace, fixed when this crate was built.
#[must_use]
pub fn workspace_root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_where_the_workspace_is() {
        assert!(workspace_root().join("rust-toolchain.toml").exists());
    }

    #[test]
    fn executables_are_read_from_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","executable":null}
{"reason":"compiler-artifact","executable":"/t/debug/emulator"}
{"reason":"compiler-artifact","executable":"/t/debug/source-adapter"}
{"reason":"compiler-artifact","executable":"/t/debug/face-recognition"}
{"reason":"build-finished","success":true}"#;
        let binaries = Binaries::from_cargo_messages(messages).unwrap();
        assert_eq!(
            binaries.source_adapter,
            Path::new("/t/debug/source-adapter")
        );
    }

    #[test]
    fn a_missing_executable_is_named() {
        let error = Binaries::from_cargo_messages("").unwrap_err();
        assert_eq!(error.to_string(), "cargo built no executable `emulator`");
    }
}
