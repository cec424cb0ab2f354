//! Python environments below `target/`, one per list of pinned packages: the official SDKs
//! for the conformance tests, and the Cargo tools that have wheels.
//! Nothing is installed outside of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use testbed::command::execute;
use testbed::workspace_root;

/// The programs of an environment that holds what `requirements` lists; made on first use,
/// brought up to date at each.
pub(crate) fn environment(name: &str, requirements: &str) -> Result<PathBuf> {
    let folder = Path::new("target").join(name);
    let programs = workspace_root().join(&folder).join("bin");
    if !programs.join("python").exists() {
        execute(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    execute(
        Command::new(programs.join("python"))
            .args(["-m", "pip", "install", "--quiet"])
            .arg("--disable-pip-version-check")
            .args(["--requirement", requirements]),
    )?;
    Ok(programs)
}
