//! The service as it is shipped: a process of its own, whose memory can be told from the test's.

use std::ops::Deref;
use std::process::Stdio;

use serde_json::Value;
use testbed::eventually;
use tokio::process::{Child, Command};

use crate::running::Client;

/// A running process; killed with the test.
pub(crate) struct Binary {
    client: Client,
    addresses: Value,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Deref for Binary {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Binary {
    /// Starts the service on a bucket and a face API.
    pub(crate) async fn start(oss: &str, api: &str, more: &[&str]) -> Self {
        Self::launch(oss, api, more, "error", Stdio::inherit()).await
    }

    /// The same, with all that it has to say in a file.
    pub(crate) async fn logging(oss: &str, api: &str, logs: std::fs::File) -> Self {
        Self::launch(oss, api, &[], "trace", logs.into()).await
    }

    async fn launch(oss: &str, api: &str, more: &[&str], level: &str, logs: Stdio) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let announcement = folder.path().join("addresses.json");
        let child = Command::new(env!("CARGO_BIN_EXE_face-recognition"))
            .args(["--upload-path=target", "--listen=127.0.0.1:0"])
            .args(["--oss-addressing=path", "--allowed-buckets=photos"])
            .args(["--oss-endpoint", oss, "--face-endpoint", api])
            .arg("--announce")
            .arg(&announcement)
            .args(more)
            .env_clear()
            .env("ACCESSKEY_ID", "key-of-the-test")
            .env("ACCESSKEY_SECRET", "secret-of-the-test")
            .env("FACE_BACKEND", "dataplus")
            .env("RUST_LOG", level)
            .stdin(Stdio::null())
            .stderr(logs)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        eventually("the process listens", || announcement.exists()).await;
        let addresses: Value =
            serde_json::from_slice(&std::fs::read(&announcement).unwrap()).unwrap();
        Self {
            client: Client::new(addresses["http"].as_str().unwrap()),
            addresses,
            child,
            _folder: folder,
        }
    }

    /// Where it takes events.
    pub(crate) fn address(&self) -> &str {
        self.addresses["http"].as_str().unwrap()
    }

    /// Where it serves nothing but health and metrics, if it was told to.
    pub(crate) fn health(&self) -> &str {
        self.addresses["health"].as_str().unwrap()
    }

    /// The most memory that the process ever had, in bytes, shared libraries included.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kibibytes << 10
    }

    /// Kills it as a crash would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
