//! What this executable plays when it is started as a child, so that the work in it is
//! measured alone. Hidden from the help: nobody else starts these.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, anyhow, bail};
use clap::Subcommand;

use crate::{annotate, local, sink};

/// The parts for children.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// A sink that counts what is posted to it.
    #[command(hide = true)]
    ServeSink(sink::Args),
    /// Annotates one photo.
    #[command(hide = true)]
    AnnotatePhoto(annotate::Args),
    /// Looks for the faces of one photo.
    #[command(hide = true)]
    FindFaces(local::Args),
}

impl Role {
    /// Plays the part to its end.
    ///
    /// # Errors
    /// As the part has it.
    pub(crate) async fn play(self) -> Result<()> {
        match self {
            Self::ServeSink(args) => sink::serve(args).await,
            Self::AnnotatePhoto(args) => annotate::once(&args),
            Self::FindFaces(args) => local::once(&args),
        }
    }
}

/// This executable as it runs, even when a build has put another in its place meanwhile.
pub(crate) const OWN: &str = "/proc/self/exe";

/// A command that starts this executable in a role: `command(&["serve-sink"])`.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(OWN);
    command.args(words);
    command
}

/// Says figures to the parent.
///
/// # Errors
/// When nobody listens any more.
pub(crate) fn say(figures: &[f64]) -> Result<()> {
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}

/// The figures that a child says about `file`.
///
/// # Errors
/// When it fails or says something else.
pub(crate) fn heard<const N: usize>(mut command: Command, file: &Path) -> Result<[f64; N]> {
    let output = command.arg(file).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("a child ended with {}", output.status);
    }
    let figures: Vec<f64> = serde_json::from_slice(&output.stdout)?;
    let figures = <[f64; N]>::try_from(figures);
    figures.map_err(|figures| anyhow!("a child said {figures:?}"))
}
