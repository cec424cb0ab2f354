//! The server for other processes.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::server::FakeApiServer;

/// Where a server listens. Closes with the value, and so do its connections.
#[derive(Debug)]
pub struct Socket {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl FakeApiServer {
    /// Answers over HTTP, without TLS, on a free port of this machine.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn listen(&self) -> io::Result<Socket> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Socket {
            address: listener.local_addr()?,
            accepting: tokio::spawn(accept(listener, self.clone())),
        })
    }
}

impl Socket {
    /// The server's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The content of a kubeconfig file for clients of this server, whose own namespace is
    /// `namespace`.
    #[must_use]
    pub fn kubeconfig(&self, namespace: &str) -> Value {
        let context = json!({"cluster": "fake", "user": "anybody", "namespace": namespace});
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "fake", "cluster": {"server": self.url()}}],
            "users": [{"name": "anybody", "user": {}}],
            "contexts": [{"name": "fake", "context": context}],
            "current-context": "fake",
        })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: FakeApiServer) {
    let mut connections = JoinSet::new();
    loop {
        // A connection that fails before it is one is its client's trouble.
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(converse(stream, server.clone()));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, server: FakeApiServer) {
    let service = service_fn(|request| async { Ok::<_, Infallible>(server.answer(request).await) });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // Clients leave as they like.
    let _ = connection.await;
}
