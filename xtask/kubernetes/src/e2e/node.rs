//! A cluster that is one node, this machine: its containerd takes images without a registry.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use testbed::command::{execute, read, succeeds};

use testbed::Engine;

/// Tells machines apart; the kubelet reports it of its node.
const MACHINE_ID: &str = "/etc/machine-id";

/// The node.
#[derive(Debug)]
pub(crate) struct Node(());

impl Node {
    /// Looks whether the cluster that `kubectl` talks to is this machine alone, and whether its
    /// containerd answers.
    ///
    /// # Errors
    /// When either is not so; says what to do instead.
    pub(crate) fn find(mut kubectl: Command) -> Result<Self> {
        let ids = kubectl.args([
            "get",
            "nodes",
            "--output=jsonpath={.items[*].status.nodeInfo.machineID}",
        ]);
        let own = std::fs::read_to_string(MACHINE_ID);
        let own = own.with_context(|| format!("cannot read `{MACHINE_ID}`"))?;
        ensure!(
            is_only(&read(ids)?, &own),
            "the cluster has nodes other than this machine: say with --repository where they pull images from"
        );
        ensure!(
            succeeds(containerd().arg("version")),
            "`ctr` does not reach the containerd of this node: run as a user who may, or say with --repository where images are pulled from"
        );
        Ok(Self(()))
    }

    /// Brings an image into the node; `folder` holds it on its way.
    ///
    /// # Errors
    /// When it cannot be written or loaded.
    #[expect(clippy::unused_self, reason = "only where there is a node")]
    pub(crate) fn load(&self, engine: Engine, reference: &str, folder: &Path) -> Result<()> {
        let archive = folder.join("image.tar");
        engine.save(reference, &archive)?;
        execute(containerd().args(["images", "import"]).arg(&archive))
    }
}

/// The images of Kubernetes are in a namespace of their own.
fn containerd() -> Command {
    let mut command = Command::new("ctr");
    command.args(["--namespace", "k8s.io"]);
    command
}

/// Whether `ids`, with blanks between them, are this machine's alone.
fn is_only(ids: &str, own: &str) -> bool {
    let ids: Vec<_> = ids.split_whitespace().collect();
    ids == [own.trim()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_loaded_here_only_if_every_node_is_here() {
        let table = [
            ("this machine", "0a", "0a\n", true),
            ("another", "0b", "0a\n", false),
            ("this and another", "0a 0b", "0a\n", false),
            ("none", "", "0a\n", false),
            ("none that has a number", "", "\n", false),
        ];
        for (name, ids, own, expected) in table {
            assert_eq!(is_only(ids, own), expected, "{name}");
        }
    }
}
