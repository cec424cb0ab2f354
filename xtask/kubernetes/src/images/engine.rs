//! Docker, Podman and Buildah, behind the few words that they have in common.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use testbed::command::{execute, read, succeeds};

/// A program that builds images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// With its daemon.
    Docker,
    /// Without one.
    Podman,
    /// Builds and pushes, but runs nothing.
    Buildah,
}

impl Engine {
    /// The first that works here.
    ///
    /// # Errors
    /// When none does.
    pub(crate) fn detect() -> Result<Self> {
        let engines = Self::value_variants().iter().copied();
        engines.into_iter().find(|engine| engine.works()).context(
            "neither docker (with its daemon), podman nor buildah works here: install one, on Debian `apt-get install buildah`",
        )
    }

    /// Docker's client alone is no engine: `info` asks the daemon.
    fn works(self) -> bool {
        succeeds(self.command().arg("info"))
    }

    pub(crate) fn command(self) -> Command {
        Command::new(match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        })
    }

    /// Builds the image that the Dockerfile in `context` describes.
    ///
    /// # Errors
    /// When the build fails; its output was shown.
    pub(crate) fn build(
        self,
        context: &Path,
        reference: &str,
        arguments: &[(&str, &str)],
    ) -> Result<()> {
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

    /// # Errors
    /// When the registry does not take it.
    pub(crate) fn push(self, reference: &str) -> Result<()> {
        execute(self.command().args(["push", reference]))
    }

    /// Writes the image to `file`, in the form that `docker save` gave the world.
    ///
    /// # Errors
    /// When there is no such image, or the file cannot be written.
    pub(crate) fn save(self, reference: &str, file: &Path) -> Result<()> {
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

    /// # Errors
    /// Says what to do when this engine runs nothing.
    pub(crate) fn must_run(self) -> Result<()> {
        ensure!(
            self != Self::Buildah,
            "buildah only builds: to run images, use --engine docker or --engine podman"
        );
        Ok(())
    }
}
