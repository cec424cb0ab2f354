//! Hands the measuring over to the package `bench`, in the release profile.
//!
//! It is built on first use: this tool stays light, and is itself never what is measured.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

/// Whatever stands behind the task, `--help` included.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    words: Vec<OsString>,
}

/// Runs it; its exit code is ours.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--release", "--package", "bench", "--"]);
    let status = cargo.args(&args.words).status();
    let status = status.context("cannot run `cargo`")?;
    // Ended by a signal: there is no code, and it was no success.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
