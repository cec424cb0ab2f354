//! Clients that are slow on purpose, and more of them than there are places.

use std::time::Duration;

use service::{ConnectOptions, http_client};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::binary::Binary;
use crate::faces_api::FacesApi;
use crate::objects::Objects;
use crate::running::serve;

const CLIENTS: usize = 700;

/// A kubelet's patience is three seconds; slow clients are cut after ten at the earliest.
const PATIENCE: Duration = Duration::from_secs(8);

const SLOW: [(&str, &str); 3] = [
    ("nothing", ""),
    ("half a head", "POST / HTTP/1.1\r\nhost: x\r\nx-slow: "),
    (
        "half a body",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
    ),
];

#[tokio::test]
async fn probes_are_answered_whatever_slow_clients_do() {
    let (oss, api) = (Objects::default(), serve(FacesApi::new()).await);
    let own = ["--health-listen=127.0.0.1:0"];
    let binary = Binary::start(&oss.serve().await, &api.uri(), &own).await;
    for (port, attacked) in [("events", binary.address()), ("health", binary.health())] {
        for (name, sent) in SLOW {
            let mut slow = Vec::new();
            for _ in 0..CLIENTS {
                let mut stream = TcpStream::connect(attacked).await.unwrap();
                // The server may have closed it already.
                let _ = stream.write_all(sent.as_bytes()).await;
                slow.push(stream);
            }
            for page in ["health", "readiness", "metrics"] {
                for address in [binary.address(), binary.health()] {
                    let url = format!("http://{address}/{page}");
                    // A connection of its own, as a kubelet's probe has.
                    let http = http_client(&ConnectOptions::default()).unwrap();
                    let answer = http.get(&url).timeout(PATIENCE).send().await;
                    let answer = answer.unwrap_or_else(|error| {
                        panic!("{name} to the port for {port}: {url}: {error}")
                    });
                    assert_eq!(answer.status(), 200, "{name} to the port for {port}: {url}");
                }
            }
        }
    }
}
