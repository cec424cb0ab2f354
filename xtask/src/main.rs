//! The workspace's own tasks: `cargo xtask <task>`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to people"
)]

mod bench;
mod ci;
mod demo;
mod dev;
mod interrupt;
mod kubernetes;

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
    /// Measures the pipeline beside its limits.
    Bench(bench::Args),
    /// Writes every manifest to `deploy/`.
    Render(kubernetes::Args),
    /// Builds the container images with this machine's toolchain.
    Images(kubernetes::Args),
    /// Applies everything to the current Kubernetes context and waits until it is ready.
    Deploy(kubernetes::Args),
    /// Removes what `deploy` made.
    Undeploy(kubernetes::Args),
    /// Tests on a cluster, by default one that is made for it.
    E2e(kubernetes::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Demo(args) => demo::run(args).await,
        Task::Dev(args) => dev::run(args).await,
        Task::Ci(args) => ci::run(&args),
        Task::Bench(args) => bench::run(&args),
        Task::Render(args) => kubernetes::run("render", &args),
        Task::Images(args) => kubernetes::run("images", &args),
        Task::Deploy(args) => kubernetes::run("deploy", &args),
        Task::Undeploy(args) => kubernetes::run("undeploy", &args),
        Task::E2e(args) => kubernetes::run("e2e", &args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
