//! Every check that a change must pass, in the order in which a failure is cheapest
//! to learn of. `.ci/run` installs what is missing and calls this.

mod browser;
mod node;
pub(crate) mod python;

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context as _, Result};
use testbed::command::execute;

use crate::models;

/// Options of `cargo xtask ci`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these steps, by name; all of them if none is named.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(STEPS.map(|step| step.name)))]
    steps: Vec<String>,
}

/// One check.
struct Step {
    name: &'static str,
    run: fn() -> Result<()>,
}

const STEPS: [Step; 13] = [
    Step {
        name: "fmt",
        run: || cargo("fmt --all --check", &[]),
    },
    Step {
        name: "dependencies",
        run: dependencies,
    },
    Step {
        name: "advisories",
        run: advisories,
    },
    Step {
        name: "clippy",
        run: || {
            cargo(
                "clippy --workspace --all-targets --locked -- --deny warnings",
                &[],
            )
        },
    },
    Step {
        name: "doc",
        run: || {
            cargo(
                "doc --workspace --no-deps --document-private-items --locked",
                &[("RUSTDOCFLAGS", "--deny warnings")],
            )
        },
    },
    Step {
        name: "test",
        run: || cargo(TEST, &[]),
    },
    Step {
        name: "models",
        run: models::check,
    },
    Step {
        name: "conformance",
        run: conformance,
    },
    Step {
        name: "chart",
        run: chart,
    },
    Step {
        name: "console",
        run: browser::test,
    },
    Step {
        name: "demo",
        run: || cargo(DEMO, &[]),
    },
    Step {
        name: "images",
        // The packages that the fault suite runs, so that it finds them built.
        run: || cargo("xtask images source face emulator --check", &[]),
    },
    Step {
        name: "chaos",
        // Always the same trouble: what a change broke is not to depend on luck.
        run: || cargo("xtask chaos --short --seed 1", &[]),
    },
];

/// The two commands that the README promises; see [`crate::docs`].
const DEMO: &str = "xtask demo";
const TEST: &str = "test --workspace";

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let wanted =
        |step: &&Step| args.steps.is_empty() || args.steps.iter().any(|name| name == step.name);
    for step in STEPS.iter().filter(wanted) {
        eprintln!("── {}", step.name);
        let started = Instant::now();
        (step.run)().with_context(|| format!("step `{}`", step.name))?;
        eprintln!(
            "── {} passed in {:.0} s",
            step.name,
            started.elapsed().as_secs_f64()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The official SDKs, unmodified, against the emulator.
fn conformance() -> Result<()> {
    cargo(
        "build --locked --package emulator --bins --example clients",
        &[],
    )?;
    let programs = python::environment("conformance-venv", "e2e/conformance/requirements.txt")?;
    let packages = node::packages("conformance-node", "e2e/conformance")?;
    execute(
        Command::new(programs.join("python"))
            .args(["-m", "pytest", "-q", "e2e/conformance"])
            .env("NODE_PATH", packages),
    )
}

/// The chart by Helm's own engine, compared with what `cargo xtask render` writes.
fn chart() -> Result<()> {
    cargo("build --locked --package xtask-kubernetes", &[])?;
    let programs = python::environment("chart-venv", "e2e/chart/requirements.txt")?;
    execute(Command::new(programs.join("python")).args(["-m", "pytest", "-q", "e2e/chart"]))
}

/// Allowed dependencies (`deny.toml`), and that each of them is used.
fn dependencies() -> Result<()> {
    let tools = python::environment("tools-venv", "xtask/tools.txt")?;
    // One manifest names a licence file instead of a licence; the file is read.
    execute(
        Command::new(tools.join("cargo-deny"))
            .args(["check", "--allow", "no-license-field"])
            .args(["licenses", "bans", "sources"]),
    )?;
    execute(&mut Command::new(tools.join("cargo-shear")))
}

/// Known vulnerabilities of dependencies, and versions that their authors took back. A machine
/// that cannot fetch the database passes; a hosted runner, which checks every day, does not.
fn advisories() -> Result<()> {
    let tools = python::environment("tools-venv", "xtask/tools.txt")?;
    let deny = || Command::new(tools.join("cargo-deny"));
    if let Err(error) = execute(deny().args(["fetch", "db"])) {
        if std::env::var_os("GITHUB_ACTIONS").is_some() {
            return Err(error.context("no database of advisories"));
        }
        eprintln!("not checked: there is no database of advisories here ({error:#})");
        return Ok(());
    }
    execute(deny().args(["check", "advisories"]))
}

fn cargo(words: &str, env: &[(&str, &str)]) -> Result<()> {
    execute(
        testbed::cargo()
            .args(words.split(' '))
            .envs(env.iter().copied()),
    )
}

/// Whether a step runs this command, as a person would type it.
#[cfg(test)]
pub(crate) fn runs(step: &str, command: &str) -> bool {
    let words = match step {
        "demo" => DEMO,
        "test" => TEST,
        _ => return false,
    };
    command.strip_prefix("cargo ") == Some(words)
}
