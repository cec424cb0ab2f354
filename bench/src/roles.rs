//! What this executable plays when it is started as a child, so that the work in it is
//! measured alone. Hidden from the help: nobody else starts these.

use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use crate::sink;

/// The parts for children.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// A sink that counts what is posted to it.
    #[command(hide = true)]
    ServeSink(sink::Args),
}

impl Role {
    /// Plays the part to its end.
    ///
    /// # Errors
    /// As the part has it.
    pub(crate) async fn play(self) -> Result<()> {
        match self {
            Self::ServeSink(args) => sink::serve(args).await,
        }
    }
}

/// A command that starts this executable in a role: `command(&["serve-sink"])`.
///
/// # Errors
/// When the executable cannot be found.
#[allow(dead_code, reason = "for groups that are still being written")]
pub(crate) fn command(words: &[&str]) -> Result<Command> {
    let own = std::env::current_exe().context("where is this executable?")?;
    let mut command = Command::new(own);
    command.args(words);
    Ok(command)
}
