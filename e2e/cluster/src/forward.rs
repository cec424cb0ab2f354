//! A way from this machine to a Service in the cluster, kept by `kubectl port-forward`.
//!
//! Signed requests must arrive as they were sent, so the API server's HTTP proxy, which
//! changes paths and hosts, is no way for them.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Ends with the process that it belongs to.
pub(crate) struct Forward {
    /// Held for its end: the process is killed with it.
    _kubectl: Child,
    /// Ports of the Service, and those on this machine that lead to them.
    ports: BTreeMap<u16, u16>,
}

impl Forward {
    /// Opens a free port of this machine for each of `ports`.
    ///
    /// # Errors
    /// When there is no kubectl, or no pod behind the Service.
    pub(crate) async fn open(namespace: &str, service: &str, ports: &[u16]) -> Result<Self> {
        let mut kubectl = Command::new("kubectl");
        kubectl.args([
            "--namespace",
            namespace,
            "port-forward",
            &format!("service/{service}"),
        ]);
        kubectl.args(ports.iter().map(|port| format!(":{port}")));
        kubectl
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut kubectl = kubectl
            .spawn()
            .context("cannot run `kubectl`, which leads to the emulator")?;
        let output = kubectl.stdout.take().context("kubectl has no output")?;
        let opened = timeout(TIMEOUT, read_ports(output, ports.len())).await;
        let opened = opened.with_context(|| {
            format!("`kubectl port-forward` to {namespace}/{service} does not begin")
        })??;
        Ok(Self {
            _kubectl: kubectl,
            ports: opened,
        })
    }

    /// Where a port of the Service is on this machine.
    ///
    /// # Errors
    /// When it was not asked for.
    pub(crate) fn address(&self, port: u16) -> Result<String> {
        let local = self
            .ports
            .get(&port)
            .with_context(|| format!("port {port} is not forwarded"))?;
        Ok(format!("127.0.0.1:{local}"))
    }
}

async fn read_ports(
    output: tokio::process::ChildStdout,
    wanted: usize,
) -> Result<BTreeMap<u16, u16>> {
    let mut lines = BufReader::new(output).lines();
    let mut ports = BTreeMap::new();
    while ports.len() < wanted {
        let line = lines.next_line().await?;
        ensure!(line.is_some(), "kubectl ended: see above for its reason");
        ports.extend(line.as_deref().and_then(forwarded));
    }
    // Somebody must go on reading, or kubectl stops when the pipe is full.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(ports)
}

/// Remote and local port of a line like `Forwarding from 127.0.0.1:40123 -> 8901`.
fn forwarded(line: &str) -> Option<(u16, u16)> {
    let (local, remote) = line
        .strip_prefix("Forwarding from 127.0.0.1:")?
        .split_once(" -> ")?;
    Some((remote.parse().ok()?, local.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_ports_are_read() {
        assert_eq!(
            forwarded("Forwarding from 127.0.0.1:40123 -> 8901"),
            Some((8901, 40123))
        );
        assert_eq!(forwarded("Forwarding from [::1]:40123 -> 8901"), None);
        assert_eq!(forwarded("Handling connection for 40123"), None);
    }
}
