//! The workspace's own tasks: `cargo xtask <task>`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to people"
)]

mod ci;
mod demo;
mod dev;
mod interrupt;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs, checks and shows the pipeline.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Sends photos through the whole pipeline on this machine.
    Demo(demo::Args),
    /// Keeps the pipeline running for an SDK, curl or a debugger.
    Dev(dev::Args),
    /// Runs every check that a change must pass.
    Ci(ci::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Demo(args) => demo::run(args).await,
        Task::Dev(args) => dev::run(args).await,
        Task::Ci(args) => ci::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
