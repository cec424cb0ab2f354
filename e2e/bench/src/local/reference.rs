//! What the local back end stands beside in the same run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use testbed::workspace_root;

/// The model of `rustface`, in the folder of its package.
///
/// # Errors
/// When Cargo does not tell where that is.
pub(super) fn rustface_model() -> Result<PathBuf> {
    let output = testbed::cargo()
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(workspace_root())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "`cargo metadata` failed");
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let mut packages = metadata.packages.into_iter();
    let package = packages.find(|package| package.name == "rustface");
    let manifest = package
        .context("`rustface` is no dependency")?
        .manifest_path;
    Ok(manifest.with_file_name("model/seeta_fd_frontal_v1.0.bin"))
}

/// The part of Cargo's metadata that is needed.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

/// A Python with ONNX Runtime, which runs the detector.
pub(super) struct OnnxRuntime<'a> {
    python: &'a Path,
}

impl<'a> OnnxRuntime<'a> {
    /// Checks that it is there.
    ///
    /// # Errors
    /// When Python lacks the packages.
    pub(super) fn new(python: &'a Path) -> Result<Self> {
        let mut command = Command::new(python);
        command.args(["-c", "import onnx, onnxruntime"]);
        let status = command.stderr(Stdio::null()).status();
        ensure!(
            status.is_ok_and(|status| status.success()),
            "`{}` does not import `onnx` and `onnxruntime`: install both there",
            python.display()
        );
        Ok(Self { python })
    }

    /// Milliseconds of CPU that one thread takes for a picture of this size.
    ///
    /// # Errors
    /// When it does not run the net.
    pub(super) fn cpu(&self, side: u16) -> Result<f64> {
        let root = workspace_root();
        let mut command = Command::new(self.python);
        command.arg(root.join("e2e/bench/src/local/detector.py"));
        command.arg(root.join("crates/face/models/detector.onnx"));
        command.arg(side.to_string()).stderr(Stdio::inherit());
        let output = command.output().context("cannot run Python")?;
        ensure!(output.status.success(), "ONNX Runtime failed");
        let milliseconds = String::from_utf8_lossy(&output.stdout);
        Ok(milliseconds.trim().parse()?)
    }
}
