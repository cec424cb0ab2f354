//! Docker, Podman and Buildah, behind the few words that they have in common.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail, ensure};

use crate::command::{execute, read, succeeds};

/// A program that builds images or runs containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Docker, with a daemon that answers.
    Docker,
    /// Podman.
    Podman,
    /// Builds and pushes, but runs nothing.
    Buildah,
}

impl Engine {
    const ALL: [Self; 3] = [Self::Docker, Self::Podman, Self::Buildah];

    /// The first that builds images here.
    ///
    /// # Errors
    /// When none does.
    pub fn detect_builder() -> Result<Self> {
        let works = |engine: &Self| succeeds(engine.command().arg("info"));
        Self::ALL.into_iter().find(works).context(
            "neither docker (with its daemon), podman nor buildah works here: install one, on Debian `apt-get install buildah`",
        )
    }

    /// The first that runs containers here, on networks that this machine can reach into.
    ///
    /// # Errors
    /// Says why there is none.
    pub async fn detect_runner() -> Result<Self> {
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
            Self::Buildah => "buildah",
        }
    }

    /// It, without words.
    #[must_use]
    pub fn command(self) -> Command {
        Command::new(self.name())
    }

    /// Builds the image that the Dockerfile in `context` describes.
    ///
    /// # Errors
    /// When the build fails; its output was shown.
    pub fn build(self, context: &Path, reference: &str, arguments: &[(&str, &str)]) -> Result<()> {
        let mut build = self.command();
        build.args(["build", "--quiet", "--tag", reference]);
        if self == Self::Podman {
            // Steps that are kept for next time pile up as images without a name.
            build.arg("--layers=false");
        }
        for (name, value) in arguments {
            build.arg("--build-arg").arg(format!("{name}={value}"));
        }
        // The output is the image's id, which is of no use here.
        read(build.arg(context)).map(drop)
    }

    /// Pushes an image.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn push(self, reference: &str) -> Result<()> {
        execute(self.command().args(["push", reference]))
    }

    /// Writes the image to `file`, in the form that `docker save` gave the world.
    ///
    /// # Errors
    /// When there is no such image, or the file cannot be written.
    pub fn save(self, reference: &str, file: &Path) -> Result<()> {
        // Podman adds to an archive that is there.
        let _ = std::fs::remove_file(file);
        let mut save = self.command();
        match self {
            Self::Docker | Self::Podman => save.args(["save", "--output"]).arg(file).arg(reference),
            Self::Buildah => save
                .args(["push", "--quiet", reference])
                .arg(format!("docker-archive:{}:{reference}", file.display())),
        };
        execute(&mut save)
    }

    /// Refuses an engine that runs nothing.
    ///
    /// # Errors
    /// Says what to do when this one is one.
    pub fn must_run(self) -> Result<()> {
        ensure!(
            self != Self::Buildah,
            "buildah only builds: to run images, use --engine docker or --engine podman"
        );
        Ok(())
    }

    /// Runs it to its end and gives what it wrote to standard output, trimmed.
    ///
    /// # Errors
    /// When it cannot be run or does not succeed, with its last words.
    pub(crate) async fn run(self, words: &[&str]) -> Result<String> {
        let output = self.finished(words).await?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The same with what it wrote to standard error behind it.
    pub(crate) async fn output(self, words: &[&str]) -> Result<String> {
        let output = self.finished(words).await?;
        let text = [output.stdout, output.stderr].concat();
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    async fn finished(self, words: &[&str]) -> Result<Output> {
        let mut command = tokio::process::Command::from(self.command());
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
    pub(crate) fn run_last(self, words: &[&str]) {
        let _ = self.command().args(words).stdin(Stdio::null()).output();
    }
}

/// Reads its name on a command line.
impl FromStr for Engine {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, &'static str> {
        let found = Self::ALL.into_iter().find(|engine| engine.name() == name);
        found.ok_or("it must be docker, podman or buildah")
    }
}
