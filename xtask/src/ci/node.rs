//! npm packages below `target/`, as a lock file lists them: the official SDK for the conformance
//! tests. Nothing is installed outside of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use testbed::command::execute;
use testbed::workspace_root;

const LOCK: &str = "package-lock.json";
const LISTS: [&str; 2] = ["package.json", LOCK];
/// Written by npm when everything is installed.
const INSTALLED: &str = ".package-lock.json";

/// The folder of the packages that the lists in `lists` name; made anew when the lock changes.
pub(super) fn packages(name: &str, lists: &str) -> Result<PathBuf> {
    let folder = workspace_root().join("target").join(name);
    let packages = folder.join("node_modules");
    let wanted = workspace_root().join(lists);
    if packages.join(INSTALLED).exists() && same(&wanted.join(LOCK), &folder.join(LOCK)) {
        return Ok(packages);
    }
    fs::create_dir_all(&folder)?;
    for list in LISTS {
        fs::copy(wanted.join(list), folder.join(list))
            .with_context(|| format!("cannot copy `{lists}/{list}`"))?;
    }
    execute(
        Command::new("npm")
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--prefix",
            ])
            .arg(&folder),
    )?;
    Ok(packages)
}

fn same(left: &Path, right: &Path) -> bool {
    matches!((fs::read(left), fs::read(right)), (Ok(left), Ok(right)) if left == right)
}
