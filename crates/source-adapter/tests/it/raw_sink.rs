//! A sink that speaks TCP and not always HTTP, for what no HTTP server would do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What it does with each connection, once the whole request is there or at once.
#[derive(Clone, Copy)]
pub(crate) enum Script {
    /// Answers and closes.
    Answer(&'static str),
    /// Answers and then neither sends nor closes.
    Hold(&'static str),
    /// Sends the first text, then the second for as long as somebody reads.
    Endless(&'static str, &'static str),
    /// Answers before it has read anything, and closes without reading.
    Early(&'static str),
    /// Sends this much and resets the connection.
    Reset(&'static str),
}

/// A running sink; it ends with the test's runtime.
pub(crate) struct RawSink {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    sent_bytes: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl RawSink {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            sent_bytes: Arc::default(),
            ended: Arc::default(),
        };
        let connections = sink.connections.clone();
        let (sent_bytes, ended) = (sink.sent_bytes.clone(), sink.ended.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                let (sent_bytes, ended) = (sent_bytes.clone(), ended.clone());
                tokio::spawn(async move {
                    play(stream, script, &sent_bytes).await;
                    ended.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        sink
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Connections that are over.
    pub(crate) fn ended(&self) -> usize {
        self.ended.load(Ordering::Relaxed)
    }

    /// What endless answers came to.
    pub(crate) fn sent_bytes(&self) -> usize {
        self.sent_bytes.load(Ordering::Relaxed)
    }
}

async fn play(mut stream: TcpStream, script: Script, sent_bytes: &AtomicUsize) {
    if !matches!(script, Script::Early(_)) {
        read_request(&mut stream).await;
    }
    match script {
        Script::Answer(text) | Script::Early(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
        }
        Script::Hold(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            // Until the other side closes.
            let _ = stream.read(&mut [0; 1]).await;
        }
        Script::Endless(start, more) => {
            let _ = stream.write_all(start.as_bytes()).await;
            let more = more.repeat(16 * 1024 / more.len());
            while stream.write_all(more.as_bytes()).await.is_ok() {
                sent_bytes.fetch_add(more.len(), Ordering::Relaxed);
            }
        }
        Script::Reset(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.set_zero_linger();
        }
    }
}

/// Reads the head and as much of a body as its length says.
async fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return;
            }
        }
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
}
