//! A recording proxy that injects faults.
//!
//! It passes each request on to its upstream and shows request and response to a [`Recorder`].
//! What goes by is then a fact: the services' own counters die with them. An upstream that is
//! silent, refuses or breaks off is passed on as just that.

mod body;
mod faults;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use self::body::Body;
pub use self::faults::{FaultInjector, ProxyFault};

/// The adapter's events have at most 64 KiB; face API calls less.
const MAX_REQUEST_BYTES: usize = 1 << 20;

/// A running proxy; it ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    _server: AbortOnDropHandle<()>,
}

/// Sees what goes through a proxy.
pub trait Recorder: Send + Sync + 'static {
    /// State of a request until its response comes.
    type Exchange: Send;

    /// A request comes, and is not passed on yet.
    fn request(&self, headers: &HeaderMap, body: &Bytes) -> Self::Exchange;

    /// The response came, in full. Tells whether a fault that meets it counts: one that nobody
    /// would have missed does not.
    fn response(&self, exchange: Self::Exchange, response: &RecordedResponse) -> bool;
}

/// A response as far as it came.
#[derive(Debug)]
pub struct RecordedResponse {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    is_complete: bool,
    counts: bool,
}

/// State that all connections share.
struct Route<R> {
    http: reqwest::Client,
    /// `host:port`.
    upstream: String,
    recorder: Arc<R>,
    faults: Arc<FaultInjector>,
}

/// Ends a connection without a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("closed by the proxy")]
struct Closed;

impl Proxy {
    /// Listens at `host` on a free port and passes requests on to `upstream`, a `host:port`.
    ///
    /// # Errors
    /// When nothing can be bound there.
    pub async fn start<R: Recorder>(
        host: IpAddr,
        upstream: String,
        recorder: Arc<R>,
        faults: Arc<FaultInjector>,
    ) -> Result<Self> {
        let listener = TcpListener::bind((host, 0)).await;
        let listener = listener.with_context(|| format!("cannot listen at {host}"))?;
        let address = listener.local_addr()?;
        let route = Arc::new(Route {
            http: service::http_client(&service::ConnectOptions::default())?,
            upstream,
            recorder,
            faults,
        });
        let server = AbortOnDropHandle::new(tokio::spawn(serve(listener, route)));
        Ok(Self {
            address,
            _server: server,
        })
    }

    /// Where it listens, as a URL without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve<R: Recorder>(listener: TcpListener, route: Arc<Route<R>>) {
    let mut connections = JoinSet::new();
    loop {
        // Accepting is cancel-safe: a connection not yet accepted stays in the backlog.
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(connection(stream, Arc::clone(&route)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection<R: Recorder>(stream: TcpStream, route: Arc<Route<R>>) {
    let service = service_fn(|request| Arc::clone(&route).answer(request));
    // Clients are killed all the time: how a connection ends is no news.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl<R: Recorder> Route<R> {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, MAX_REQUEST_BYTES).collect().await;
        let body = body.map_err(|_| Closed)?.to_bytes();
        let Some(fault) = self.faults.next() else {
            return Ok(self.forward(&parts, body).await?.unchanged());
        };
        self.inject(fault, &parts, body).await
    }

    /// Injects a fault, and counts it if it could do what it is called.
    async fn inject(
        &self,
        fault: ProxyFault,
        parts: &Parts,
        body: Bytes,
    ) -> Result<Response<Body>, Closed> {
        let count = |is_injected: bool| {
            if is_injected {
                self.faults.injected(fault);
            }
        };
        match fault {
            ProxyFault::Respond(status) => {
                count(true);
                Ok(Body::empty_response(status))
            }
            ProxyFault::Drop => {
                count(true);
                Err(Closed)
            }
            ProxyFault::DropResponse => {
                count(self.forward(parts, body).await?.counts);
                Err(Closed)
            }
            ProxyFault::TruncateResponse => {
                let response = self.forward(parts, body).await?;
                count(response.counts);
                response.truncated()
            }
            ProxyFault::Duplicate => {
                let second = self.forward(parts, body.clone());
                let (first, second) = tokio::join!(self.forward(parts, body), second);
                let counts = |response: &Result<RecordedResponse, _>| {
                    response.as_ref().is_ok_and(|it| it.counts)
                };
                count(counts(&first) && counts(&second));
                Ok(first?.unchanged())
            }
            ProxyFault::DelayResponse(time) => {
                let response = self.forward(parts, body).await?;
                tokio::time::sleep(time).await;
                count(response.counts);
                Ok(response.unchanged())
            }
        }
    }

    /// Passes a request on once, and records it and its response.
    async fn forward(&self, parts: &Parts, body: Bytes) -> Result<RecordedResponse, Closed> {
        let exchange = self.recorder.request(&parts.headers, &body);
        let mut response = self.call(parts, body).await?;
        if response.is_complete {
            response.counts = self.recorder.response(exchange, &response);
        }
        Ok(response)
    }

    async fn call(&self, parts: &Parts, body: Bytes) -> Result<RecordedResponse, Closed> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers.clone();
        for of_this_connection in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING] {
            headers.remove(of_this_connection);
        }
        let url = format!("http://{}{path}", self.upstream);
        let request = self.http.request(parts.method.clone(), url);
        let sent = request.headers(headers).body(body).send().await;
        let mut response = sent.map_err(|_| Closed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        let is_complete = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Ok(RecordedResponse {
            status,
            headers,
            body: body.into(),
            is_complete,
            counts: false,
        })
    }
}

impl RecordedResponse {
    /// Complete, or broken off where the upstream's was.
    fn unchanged(self) -> Response<Body> {
        let body = if self.is_complete {
            Body::complete(self.body.clone())
        } else {
            Body::broken(self.body.clone())
        };
        self.with(body)
    }

    fn truncated(self) -> Result<Response<Body>, Closed> {
        if self.body.is_empty() {
            return Err(Closed);
        }
        let body = Body::broken(self.body.slice(..self.body.len() / 2));
        Ok(self.with(body))
    }

    fn with(mut self, body: Body) -> Response<Body> {
        // The length stays: a truncated response announces more than it brings.
        self.headers.remove(header::CONNECTION);
        self.headers.remove(header::TRANSFER_ENCODING);
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

#[cfg(test)]
mod tests;
