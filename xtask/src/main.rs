//! The workspace's own tasks: `cargo xtask <task>`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to people"
)]

mod ci;
mod demo;
mod dev;
mod docs;
mod interrupt;
mod models;
mod package;

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
    /// Makes the nets of the local back end from the packages that publish them.
    Models(models::Args),
    /// Runs the commands that the documents tell people to type.
    Docs(docs::Args),
    /// Breaks things on purpose while photos go through, and proves that none is lost.
    Chaos(package::Args),
    /// Measures the pipeline beside its limits.
    Bench(package::Args),
    /// Writes every manifest to `deploy/` and `e2e/`.
    Render(package::Args),
    /// Builds the container images with this machine's toolchain.
    Images(package::Args),
    /// Applies everything to the current Kubernetes context and waits until it is ready.
    Deploy(package::Args),
    /// Says whether everything works, in the cluster and in the cloud, and what to do.
    Doctor(package::Args),
    /// Removes what `deploy` made.
    Undeploy(package::Args),
    /// Tests on a cluster, by default one that is made for it.
    E2e(package::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Demo(args) => demo::run(args).await,
        Task::Dev(args) => dev::run(args).await,
        Task::Ci(args) => ci::run(&args),
        Task::Models(args) => models::run(&args),
        Task::Docs(args) => docs::run(&args),
        Task::Chaos(args) => package::chaos(&args),
        Task::Bench(args) => package::bench(&args),
        Task::Render(args) => package::kubernetes("render", &args),
        Task::Images(args) => package::kubernetes("images", &args),
        Task::Deploy(args) => package::kubernetes("deploy", &args),
        Task::Doctor(args) => package::kubernetes("doctor", &args),
        Task::Undeploy(args) => package::kubernetes("undeploy", &args),
        Task::E2e(args) => package::kubernetes("e2e", &args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use testbed::workspace_root;

    use super::*;

    /// What a workflow runs on a hosted runner is run nowhere else in these words.
    #[test]
    fn workflows_name_tasks_and_steps_that_exist() {
        Cli::command().debug_assert();
        let mut seen = 0;
        for file in std::fs::read_dir(workspace_root().join(".github/workflows")).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for line in text
                .lines()
                .filter(|line| !line.trim_start().starts_with('#'))
            {
                let Some((_, words)) = line.split_once("cargo xtask ") else {
                    continue;
                };
                let words = words.split_whitespace().map(|word| word.trim_matches('"'));
                let parsed = Cli::try_parse_from(["cargo xtask"].into_iter().chain(words));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
                seen += 1;
            }
        }
        assert!(seen > 0);
    }
}
