//! Measures the pipeline side by side with its limits: `cargo xtask bench`.
//!
//! Every row stands beside a reference that was measured in the same run, because on a
//! machine that does other things, too, only ratios mean something. Nothing here decides
//! whether a change is good: a missed target is shown and is no failure of the command.
//!
//! How to add a row:
//!
//! 1. Write `mynoun.rs` with `pub(crate) async fn run(bench: &mut Bench) -> Result<()>`, and
//!    name it in `group.rs`: a variant of `Group` and an arm of `Group::run`.
//! 2. Take how often to repeat from `bench.pick(full, quick)`; the quick form of all groups
//!    together has three minutes. `bench.step("…")` tells people what goes on.
//! 3. Measure value and reference alternately, never one after the other, and push each
//!    repetition's number into a `Vec<f64>`: equal lengths give a ratio per pair.
//! 4. CPU time and memory: `meter::Meter::of(pid)` for a process that goes on,
//!    `meter::run(Command)` and `meter::pipe([…])` for commands that end. Work of our own
//!    crates runs in a child to be measured alone: add a `Role` in `roles.rs`.
//! 5. `bench.row(Row::new("name", "what is measured", Figure::new("ms", values))
//!    .beside("CPU", Figure::new("ms", cpu)).against("cjpeg", Figure::new("ms", reference))
//!    .target(Target::ratio_at_most(1.5)))`. Units are `ms`, `MB`, `events/s` and the like.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to people"
)]

mod adapter;
mod annotate;
mod backlog;
mod baselines;
mod bench;
mod capacity;
mod child;
mod controller;
mod face;
mod figure;
mod group;
mod local;
mod machine;
mod messages;
mod micro;
mod peers;
mod photos;
mod recovery;
mod report;
mod roles;
mod row;
mod sink;
mod start;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use tokio::runtime::{Builder, Runtime};

use crate::bench::{Bench, Options};
use crate::group::Group;
use crate::peers::Peers;
use crate::roles::Role;

/// Measures the pipeline beside its limits.
///
/// Prints one table. A missed target is shown and is no failure; a group that could not be
/// measured is.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask bench",
    bin_name = "cargo xtask bench",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(flatten)]
    args: Args,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, clap::Args)]
struct Args {
    /// Write the results to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the table to this file as Markdown; into `docs/BENCHMARKS.md` where its last table is.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// A Python with the packages `onnx` and `onnxruntime`, to measure the detector beside.
    #[arg(long, value_name = "PYTHON")]
    onnxruntime: Option<PathBuf>,
    /// Let outages of `recovery` last ten minutes, too: a quarter of an hour more.
    #[arg(long)]
    long_outages: bool,
    #[command(flatten)]
    peers: Peers,
    /// Fewer repetitions and smaller amounts: minutes, not a quarter of an hour.
    #[arg(long)]
    quick: bool,
    /// Groups to measure [default: all].
    #[arg(value_name = "NAME")]
    groups: Vec<Group>,
}

fn main() -> ExitCode {
    let Cli { args, role } = Cli::parse();
    let done = match role {
        // One thread: a part must not take more CPUs than its work needs.
        Some(role) => runtime(&mut Builder::new_current_thread())
            .and_then(|runtime| runtime.block_on(role.run()))
            .map(|()| ExitCode::SUCCESS),
        None => runtime(&mut Builder::new_multi_thread())
            .and_then(|runtime| runtime.block_on(measure(args))),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn runtime(builder: &mut Builder) -> Result<Runtime> {
    builder.enable_all().build().context("no runtime")
}

async fn measure(args: Args) -> Result<ExitCode> {
    let Args {
        json,
        markdown,
        onnxruntime,
        long_outages,
        peers,
        quick,
        groups,
    } = args;
    let options = Options {
        quick,
        long_outages,
        onnxruntime,
        peers,
    };
    let mut bench = Bench::new(options).await?;
    for group in Group::chosen(&groups) {
        bench.enter(group.name());
        let outcome = tokio::select! {
            outcome = group.run(&mut bench) => Some(outcome),
            // Processes are killed when their owners are dropped.
            _ = tokio::signal::ctrl_c() => None,
        };
        match outcome {
            Some(Ok(())) => {}
            Some(Err(error)) => bench.failed(&error),
            None => break,
        }
    }
    let report = bench.into_report();
    println!("{}", table::text(&report));
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&report)?;
        write(&path, &text)?;
    }
    if let Some(path) = markdown {
        let table = table::markdown(&report);
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        write(&path, &table::put_into(&page, &table).unwrap_or(table))?;
    }
    Ok(if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn write(path: &std::path::Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}
