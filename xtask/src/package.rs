//! Hands tasks over to packages of their own.
//!
//! They are built on first use, so that the demo does not wait for a Kubernetes
//! client or a test suite to compile.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

/// The arguments behind the task, `--help` included.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    words: Vec<OsString>,
}

/// Runs `task` of the Kubernetes tools.
pub(crate) fn kubernetes(task: &str, args: &Args) -> Result<ExitCode> {
    run(&["--package", "xtask-kubernetes", "--", task], args)
}

/// Measures, in the release profile: this tool is itself never what is measured.
pub(crate) fn bench(args: &Args) -> Result<ExitCode> {
    run(&["--release", "--package", "bench", "--"], args)
}

/// Runs the fault suite.
pub(crate) fn chaos(args: &Args) -> Result<ExitCode> {
    run(&["--package", "chaos", "--"], args)
}

/// The exit code is ours.
fn run(words: &[&str], args: &Args) -> Result<ExitCode> {
    let mut cargo = testbed::cargo();
    cargo.args(["run", "--quiet"]).args(words);
    let status = cargo.args(&args.words).status();
    let status = status.context("cannot run `cargo`")?;
    // Ended by a signal: there is no code, and it was no success.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
