//! Children: this executable in another role, and the figures that it reports to its parent.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, anyhow, bail};

/// This executable as it runs, even when a build has put another in its place meanwhile.
pub(crate) const EXECUTABLE: &str = "/proc/self/exe";

/// Reports figures to the parent.
///
/// # Errors
/// When the parent reads them no more.
pub(crate) fn report(figures: &[f64]) -> Result<()> {
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}

/// The figures that a child in this role reports about `files`.
///
/// # Errors
/// When it fails or reports something else.
pub(crate) fn figures<const N: usize>(role: &str, files: &[&Path]) -> Result<[f64; N]> {
    let mut command = Command::new(EXECUTABLE);
    command.arg(role).args(files).stderr(Stdio::inherit());
    let output = command.output()?;
    if !output.status.success() {
        bail!("the child `{role}` ended with {}", output.status);
    }
    let figures: Vec<f64> = serde_json::from_slice(&output.stdout)?;
    let figures = <[f64; N]>::try_from(figures);
    figures.map_err(|figures| anyhow!("the child `{role}` reported {figures:?}"))
}
