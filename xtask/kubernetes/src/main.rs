//! The tasks of `cargo xtask` that know Kubernetes and container engines.
//!
//! A package of its own, so that the demo does not build a Kubernetes
//! client. `cargo xtask` hands its words over; nothing else starts this.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to people"
)]

mod deploy;
mod e2e;
mod images;
mod render;
mod versions;

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
    /// Writes every manifest to `deploy/` and `e2e/`.
    Render(render::Args),
    /// Builds the container images with this machine's toolchain, pulling nothing.
    Images(images::Args),
    /// Applies everything to a cluster and waits until it is ready.
    Deploy(deploy::Args),
    /// Says whether everything works, in the cluster and in the cloud, and what to do.
    Doctor(deploy::ClusterArgs),
    /// Removes what `deploy` made, and nothing else.
    Undeploy(deploy::ClusterArgs),
    /// Tests on a cluster, by default one that is made for it.
    E2e(e2e::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Render(args) => render::run(&args),
        Task::Images(args) => images::run(&args).await,
        Task::Deploy(args) => deploy::run(&args).await,
        Task::Doctor(args) => deploy::run_doctor(&args).await,
        Task::E2e(args) => e2e::run(&args),
        Task::Undeploy(args) => deploy::run_undeploy(&args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", shown(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error on one line with its causes; an error with several lines keeps them.
fn shown(error: &anyhow::Error) -> String {
    let text = error.to_string();
    if text.contains('\n') {
        text.replace('\n', "\n       ")
    } else {
        service::error_line(error.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn errors_that_tell_several_things_keep_their_lines() {
        let table = [
            (anyhow::anyhow!("why").context("what"), "what: why"),
            (
                anyhow::anyhow!("one:\n  command\nother"),
                "one:\n         command\n       other",
            ),
        ];
        for (error, expected) in table {
            assert_eq!(super::shown(&error), expected);
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
