//! A cluster on this machine, by kind.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use testbed::command::{execute, read};

use crate::versions;
use testbed::Engine;

/// Nobody else's cluster has this name.
const NAME: &str = "mnsoss-e2e";
const CONFIG: &str = "e2e/kind.yaml";

/// The cluster.
pub(crate) struct Kind {
    engine: Engine,
    kubeconfig: PathBuf,
}

impl Kind {
    /// Makes the cluster, or takes up one that an earlier run kept.
    ///
    /// # Errors
    /// When there is no kind, or it cannot make a cluster.
    pub(crate) fn start(
        engine: Engine,
        pinned: &versions::Kind,
        kubeconfig: &Path,
    ) -> Result<Self> {
        engine.must_run()?;
        let kind = Self {
            engine,
            kubeconfig: kubeconfig.to_owned(),
        };
        let version = read(kind.command(&["version"]).arg("--quiet"));
        let install = format!("go install sigs.k8s.io/kind@{}", pinned.version);
        let version = version.with_context(|| format!("`kind` is needed: `{install}`"))?;
        if format!("v{version}") != pinned.version {
            eprintln!(
                "warning: kind is v{version}, and its node was made for {}: `{install}`",
                pinned.version
            );
        }
        if kind.exists()? {
            execute(
                kind.command(&["export", "kubeconfig", "--name", NAME])
                    .arg("--kubeconfig")
                    .arg(kubeconfig),
            )?;
        } else {
            let mut create = kind.command(&[
                "create", "cluster", "--name", NAME, "--config", CONFIG, "--wait", "180s",
            ]);
            execute(
                create
                    .args(["--image", &pinned.node, "--kubeconfig"])
                    .arg(kubeconfig),
            )?;
        }
        Ok(kind)
    }

    fn exists(&self) -> Result<bool> {
        let clusters = read(&mut self.command(&["get", "clusters"]))?;
        Ok(clusters.lines().any(|cluster| cluster == NAME))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("kind");
        if self.engine == Engine::Podman {
            command.env("KIND_EXPERIMENTAL_PROVIDER", "podman");
        }
        command.args(words);
        command
    }

    /// Brings an image into the cluster's node; `folder` holds it on its way.
    ///
    /// # Errors
    /// When it cannot be written or loaded.
    pub(crate) fn load(&self, engine: Engine, reference: &str, folder: &Path) -> Result<()> {
        let archive = folder.join("image.tar");
        engine.save(reference, &archive)?;
        execute(
            self.command(&["load", "image-archive", "--name", NAME])
                .arg(&archive),
        )
    }

    /// Writes the logs of the node and everything in it.
    ///
    /// # Errors
    /// When kind cannot.
    pub(crate) fn export_logs(&self, folder: &Path) -> Result<()> {
        execute(
            self.command(&["export", "logs", "--name", NAME])
                .arg(folder),
        )
    }

    /// Removes the cluster.
    ///
    /// # Errors
    /// When kind cannot.
    pub(crate) fn stop(self) -> Result<()> {
        let mut delete = self.command(&["delete", "cluster", "--name", NAME, "--kubeconfig"]);
        execute(delete.arg(&self.kubeconfig))
    }
}
