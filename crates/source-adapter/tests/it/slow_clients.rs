//! Clients that are slow on purpose, at the port for probes, and more than there are places.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::running::eventually;

const CLIENTS: usize = 700;

/// A kubelet's patience is three seconds; slow clients are cut after ten.
const PATIENCE: Duration = Duration::from_secs(8);

/// Killed with the test.
struct Binary(Child);

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The status line of an answer to a probe.
fn probe(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        Ok(_) => answer.lines().next().unwrap_or_default().to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn probes_are_answered_whatever_slow_clients_do() {
    let folder = tempfile::tempdir().unwrap();
    let announcement = folder.path().join("addresses.json");
    let child = Command::new(env!("CARGO_BIN_EXE_source-adapter"))
        .args(["--listen=127.0.0.1:0", "--sink=http://127.0.0.1:1/"])
        .args(["--mns-queue=photos", "--mns-endpoint=http://127.0.0.1:1/"])
        .arg("--announce")
        .arg(&announcement)
        .env_clear()
        .env("ACCESSKEY_ID", "key-of-the-test")
        .env("ACCESSKEY_SECRET", "secret-of-the-test")
        .env("RUST_LOG", "off")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let _binary = Binary(child);
    eventually("the process listens", || announcement.exists()).await;
    let addresses: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&announcement).unwrap()).unwrap();
    let address = addresses["http"].as_str().unwrap();
    for (name, sent) in [
        ("nothing", ""),
        ("half a head", "GET /health HTTP/1.1\r\nhost: x\r\nx-slow: "),
        (
            "half a body",
            "GET /health HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
        ),
    ] {
        let slow: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let mut stream = TcpStream::connect(address).unwrap();
                // The adapter may have closed it already.
                let _ = stream.write_all(sent.as_bytes());
                stream
            })
            .collect();
        for _ in 0..3 {
            assert_eq!(probe(address), "HTTP/1.1 200 OK", "{name}");
        }
        drop(slow);
    }
}
