//! The connection loop of every listener.
//!
//! Own loop instead of a ready-made server because a fault must be able to close a
//! connection without an answer, which no HTTP handler can do. HTTP/1.1 only, as the
//! services themselves.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::tls::{Opened, Tls};

/// A client that takes longer to send its headers is holding the connection, not using it.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long open requests may take to finish after a stop; beyond a long poll's return.
const DRAIN: Duration = Duration::from_secs(5);
/// Pause after the listener itself failed, typically for want of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Marks a response that must not be sent: its connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionAborted;

/// The error that ends a connection whose response is [`ConnectionAborted`]. It is never shown.
#[derive(Debug, thiserror::Error)]
#[error("connection closed by a fault")]
struct ClosedByFault;

/// Serves `router` on `listener` until `stop`, then lets open requests finish for a while.
///
/// Clients may speak TLS or not. Each request carries [`ConnectInfo`] of its peer.
pub async fn serve(listener: TcpListener, router: Router, tls: Tls, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        // Accepting is cancel-safe: a connection not yet accepted stays in the backlog.
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(connection(
                    stream,
                    peer,
                    router.clone(),
                    tls.clone(),
                    stop.clone(),
                ));
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "connections still open at shutdown are cut"
        );
    }
}

async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "cannot accept a connection");
    tokio::time::sleep(ACCEPT_BACKOFF).await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    tls: Tls,
    stop: CancellationToken,
) {
    // Small answers must not wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let opening = tokio::time::timeout(HEADER_READ_TIMEOUT, tls.open(stream));
    // Nothing was asked yet, so there is nothing to finish.
    match stop.run_until_cancelled(opening).await {
        Some(Ok(Ok(Opened::Plain(stream)))) => talk(stream, peer, router, stop).await,
        Some(Ok(Ok(Opened::Secure(stream)))) => talk(*stream, peer, router, stop).await,
        Some(Ok(Err(error))) => tracing::debug!(%peer, %error, "connection did not begin"),
        Some(Err(_)) | None => tracing::debug!(%peer, "connection said nothing"),
    }
}

async fn talk<S>(stream: S, peer: SocketAddr, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |request| answer(router.clone(), peer, request));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended early");
    }
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response, ClosedByFault> {
    if !names_its_host(&request) {
        return Ok(without_host());
    }
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    match response.extensions().get::<ConnectionAborted>() {
        Some(ConnectionAborted) => Err(ClosedByFault),
        None => Ok(response),
    }
}

/// Whether a request says which host it is for, as HTTP/1.1 demands and HTTP/1.0 does not.
fn names_its_host<B>(request: &Request<B>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11)
}

fn without_host() -> Response {
    let message = "A request of HTTP/1.1 needs exactly one Host header.\n";
    (StatusCode::BAD_REQUEST, message).into_response()
}
