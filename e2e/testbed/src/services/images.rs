//! The images, built from this working tree by `cargo xtask images`.

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::binaries::workspace_root;
use crate::engine::Engine;
use crate::service::Service;

/// Their own tag: the images that manifests name are left alone.
const TAG: &str = "testbed";
const REPOSITORY: &str = "dev.local/mnsoss";

/// Builds what is out of date. Progress goes to standard error.
///
/// # Errors
/// When they cannot be built here; the reason has been shown by then.
pub(super) async fn build(engine: Engine) -> Result<()> {
    let mut cargo = Command::from(crate::cargo::cargo());
    cargo
        .args(["run", "--quiet", "--package=xtask-kubernetes", "--"])
        .args(["images", "source", "face", "emulator"])
        .args(["--engine", engine.name()])
        .args(["--repository", REPOSITORY, "--tag", TAG])
        .current_dir(workspace_root())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true);
    let status = cargo.status().await.context("cannot run cargo")?;
    ensure!(status.success(), "the images cannot be built here");
    Ok(())
}

pub(super) fn reference(service: Service) -> String {
    let image = match service {
        Service::Emulator => "emulator",
        Service::FaceRecognition => "face-recognition",
        Service::SourceAdapter => "source",
    };
    format!("{REPOSITORY}/{image}:{TAG}")
}

pub(super) fn entrypoint(service: Service) -> &'static str {
    match service {
        Service::Emulator => "/emulator",
        Service::FaceRecognition => "/app/face-recognition",
        Service::SourceAdapter => "/source-adapter",
    }
}
