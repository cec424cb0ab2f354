//! A running adapter, configured as its users do: arguments and a mounted Secret.

use std::net::SocketAddr;
use std::time::Duration;

use service::settings::parse_from;
use source_adapter::Config;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::fake_mns::FakeMns;
use crate::fake_sink::FakeSink;

pub(crate) use testbed::eventually;

const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Running {
    pub(crate) stop: CancellationToken,
    pub(crate) address: SocketAddr,
    task: JoinHandle<anyhow::Result<()>>,
    _directory: TempDir,
}

impl Running {
    /// An adapter from `mns` to `sink` with further arguments.
    pub(crate) async fn start(mns: &FakeMns, sink: &FakeSink, more: &[&str]) -> Self {
        Self::towards(mns, &sink.url(), more).await
    }

    /// An adapter from `mns` to an address with further arguments.
    pub(crate) async fn towards(mns: &FakeMns, sink: &str, more: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("mns");
        let document = format!(
            r#"{{"url":"http://{}/","accessKeyId":"id","accessKeySecret":"secret"}}"#,
            mns.address
        );
        std::fs::write(&secret, document).unwrap();
        let announced = directory.path().join("addresses.json");
        let (secret, announce) = (secret.to_str().unwrap(), announced.to_str().unwrap());
        let fixed = [
            "source-adapter",
            "--sink",
            sink,
            "--mns-queue",
            "photos",
            "--access-token-file",
            secret,
            "--listen",
            "127.0.0.1:0",
            "--announce",
            announce,
        ];
        let config: Config = parse_from([&fixed, more].concat(), |_| None).unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(source_adapter::run(config, Handle::current(), stop.clone()));
        eventually("announcement", || announced.exists()).await;
        let addresses: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&announced).unwrap()).unwrap();
        let address = addresses["http"].as_str().unwrap().parse().unwrap();
        Self {
            stop,
            address,
            task,
            _directory: directory,
        }
    }

    /// Stops it and waits for its end.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        timeout(DEADLINE, self.task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }

    /// Status and body of one of its endpoints.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// The value of one sample of `/metrics`; 0 if it is not there.
    pub(crate) async fn metric(&self, sample: &str) -> u64 {
        let (_, text) = self.get("/metrics").await;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }

    /// Waits for a readiness answer.
    pub(crate) async fn becomes(&self, status: u16) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let (now, body) = self.get("/readiness").await;
            if now == status {
                return body;
            }
            assert!(Instant::now() < deadline, "readiness {status}: {body}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The JSON of one OSS event.
pub(crate) fn event(request_id: &str, key: &str) -> String {
    serde_json::json!({
        "eventName": "ObjectCreated:PutObject",
        "eventSource": "acs:oss",
        "eventTime": "2024-05-06T07:08:09.000Z",
        "eventVersion": "1.0",
        "region": "cn-shanghai",
        "responseElements": {"requestId": request_id},
        "oss": {
            "bucket": {"arn": "acs:oss:cn-shanghai:1234567890123456:face-image", "name": "face-image", "ownerIdentity": "1234567890123456"},
            "object": {"key": key, "eTag": "5D41402ABC4B2A76B9719D911017C592", "size": 12990}
        }
    })
    .to_string()
}

/// The document of one message.
pub(crate) fn document(events: &[String]) -> String {
    format!(r#"{{"events":[{}]}}"#, events.join(","))
}
