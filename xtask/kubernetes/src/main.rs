//! The tasks of `cargo xtask` that know Kubernetes and container engines.
//!
//! A package of its own, so that nobody who only runs the demo has to build a Kubernetes
//! client. `cargo xtask` hands its words over; nothing else starts this.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to people"
)]

mod execute;
mod images;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Renders, builds and deploys what a cluster runs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Builds the container images with this machine's toolchain, pulling nothing.
    Images(images::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Images(args) => images::run(&args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
