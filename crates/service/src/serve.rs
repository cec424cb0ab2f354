//! Serving HTTP/1.1 on a bound listener, with bounds and a graceful end.
//!
//! It adds the limits that `axum::serve` does not have: how long a client may take to send its
//! request head and to read its response, how many connections there may be and which of them
//! is closed for a new one, and how long a shutdown may last. Bodies are limited by the
//! handlers, which know how much is reasonable.

mod connection_limit;
mod host;
mod write_timeout;

use std::io;
use std::time::Duration;

use axum::{Router, middleware};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use self::connection_limit::{ConnectionLimit, ConnectionSlot, TrackedBody};
use self::write_timeout::WriteTimeout;

/// After an error of `accept` that is not about one connection (no file descriptors
/// left, mostly), trying again at once would only burn CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// What a server grants its clients.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for the request head, counted from the first moment the connection could
    /// carry one; so also the time an idle connection stays open.
    pub header_read_timeout: Duration,
    /// How long a client may read nothing of a response that is being written.
    pub write_stall_timeout: Duration,
    /// Largest request head, in bytes; a longer one is answered with 431.
    pub max_head_bytes: usize,
    /// Connections at one time. When the limit is reached, the connection that has been idle
    /// longest is closed for a new one; if none is idle, the new client waits.
    pub max_connections: usize,
    /// How long requests in progress may take during a shutdown.
    pub drain_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Longer than HTTP clients keep idle connections, ours included, so that
            // it is the client who closes them and no request meets a closed one.
            header_read_timeout: Duration::from_secs(30),
            write_stall_timeout: Duration::from_secs(30),
            // CloudEvents attributes of 64 KiB must pass, with some room for a proxy's.
            max_head_bytes: 128 * 1024,
            max_connections: 1024,
            drain_grace: Duration::from_secs(20),
        }
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request in progress was answered.
    Completely,
    /// The grace period ended first; the remaining connections were cut.
    Cut,
}

/// Serves `router` until `stop` is cancelled, then answers the requests in progress and returns.
///
/// # Cancel safety
/// Dropping the future cuts every connection.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) -> Drained {
    let router = router.layer(middleware::from_fn(host::required));
    let limit = ConnectionLimit::new(limits.max_connections);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    // Cancel-safe: only a client of a server that stops is dropped with the future.
    while let Some((stream, slot)) = stop.run_until_cancelled(accept(&listener, &limit)).await {
        let (tracker, router) = (slot.tracker(), TowerToHyperService::new(router.clone()));
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let tracker = tracker.clone();
            let response = router.call(request.map(|body| TrackedBody::new(body, tracker.clone())));
            async move {
                let response = response.await;
                tracker.mark_idle();
                response
            }
        });
        let stream = TokioIo::new(WriteTimeout::new(stream, limits.write_stall_timeout));
        let connection = graceful.watch(http(limits).serve_connection(stream, service));
        connections.spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    debug!(error = %error, "connection ended early");
                },
                () = slot.evicted() => debug!("closed an idle connection in favour of a new one"),
            }
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    match timeout(limits.drain_grace, graceful.shutdown()).await {
        Ok(()) => Drained::Completely,
        Err(_elapsed) => {
            warn!(
                connections = connections.len(),
                "cutting connections that did not finish in time"
            );
            connections.shutdown().await;
            Drained::Cut
        }
    }
}

/// Accepts first and acquires a slot second, so that no connection is evicted before there is a
/// new one.
async fn accept(listener: &TcpListener, limit: &ConnectionLimit) -> (TcpStream, ConnectionSlot) {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => {
                // Responses are written whole; waiting for more to send only delays them.
                let _ = stream.set_nodelay(true);
                return (stream, limit.acquire().await);
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                warn!(error = %error, "cannot accept connections");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

fn http(limits: Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read_timeout)
        .max_header_size(limits.max_head_bytes)
        .max_buf_size(limits.max_head_bytes);
    builder
}
