//! Children: this executable in another role, and the figures that it reports to its parent.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};
use testbed::{Binaries, Services, Settings};
use tokio::signal::ctrl_c;

use crate::bench::EmulatedCloud;

/// This executable as it runs, even when a build has put another in its place meanwhile.
pub(crate) const EXECUTABLE: &str = "/proc/self/exe";

/// What a shell does in new namespaces before it becomes this executable.
const BEGIN: &str = r#"ip link set lo up && exec "$0" "$@""#;

/// What a child runs the pipeline with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Setup {
    /// The emulator's binary.
    #[arg(long)]
    emulator: PathBuf,
    /// The adapter's.
    #[arg(long)]
    source_adapter: PathBuf,
    /// The face service's.
    #[arg(long)]
    face_recognition: PathBuf,
    /// For files of this run.
    #[arg(long)]
    pub(crate) folder: PathBuf,
}

impl Setup {
    /// The same as in the parent.
    pub(crate) fn new(binaries: &Binaries, folder: &Path) -> Self {
        Self {
            emulator: binaries.emulator.clone(),
            source_adapter: binaries.source_adapter.clone(),
            face_recognition: binaries.face_recognition.clone(),
            folder: folder.to_owned(),
        }
    }

    /// Runs a child in a user, a network and a mount namespace of its own, and returns the
    /// figures that it reports. It may listen on any port of the loopback interface, which is all the
    /// network that it has, and mount what it likes where nobody else sees it.
    ///
    /// # Errors
    /// When the machine has no such namespaces, or the child fails or reports something else.
    pub(crate) async fn figures_of_isolated<const N: usize>(
        &self,
        role: &str,
        args: &[&str],
    ) -> Result<[f64; N]> {
        // Another process than the one that looks becomes it, so not `EXECUTABLE`.
        let executable = std::env::current_exe()?;
        let mut command = tokio::process::Command::new("unshare");
        command
            .args(["--map-root-user", "--net", "--mount", "sh", "-c", BEGIN])
            .arg(executable)
            .arg(role)
            .arg("--emulator")
            .arg(&self.emulator)
            .arg("--source-adapter")
            .arg(&self.source_adapter)
            .arg("--face-recognition")
            .arg(&self.face_recognition)
            .arg("--folder")
            .arg(&self.folder)
            .args(args)
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let output = command.output().await;
        let output = output.context("cannot run `unshare` of util-linux")?;
        read(role, &output).context(
            "it needs namespaces: `unshare --map-root-user --net --mount ip link set lo up` must \
             work here",
        )
    }

    /// Starts an emulator that OSS clients reach at `oss`, or on a free port.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn emulated_cloud(&self, oss: Option<&str>) -> Result<EmulatedCloud> {
        let binaries = Binaries {
            emulator: self.emulator.clone(),
            source_adapter: self.source_adapter.clone(),
            face_recognition: self.face_recognition.clone(),
        };
        let mut settings = Settings::new(self.folder.clone());
        settings.addresses.oss = oss.unwrap_or_default().to_owned();
        let services = Services::processes(binaries, settings)?;
        let cloud = services.start_cloud().await?;
        Ok(EmulatedCloud { services, cloud })
    }
}

/// Does the work of a child that has children itself. They end with it when it is interrupted.
///
/// # Errors
/// As the work has it, or when it is interrupted.
pub(crate) async fn until_interrupted(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        done = work => done,
        _ = ctrl_c() => bail!("interrupted"),
    }
}

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
    read(role, &command.output()?)
}

fn read<const N: usize>(role: &str, output: &Output) -> Result<[f64; N]> {
    if !output.status.success() {
        bail!("the child `{role}` ended with {}", output.status);
    }
    let figures: Vec<f64> = serde_json::from_slice(&output.stdout)?;
    let figures = <[f64; N]>::try_from(figures);
    figures.map_err(|figures| anyhow!("the child `{role}` reported {figures:?}"))
}
