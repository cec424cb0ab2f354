//! A place on the way where requests are seen, and answers go wrong on request.
//!
//! One relay stands between adapter and face service, as a Broker would, and one between
//! face service and face API. What a relay writes down is what makes "delivered" and
//! "analysed twice" facts instead of guesses: the services' own counters die with them.
//! An upstream that is silent, refuses or breaks off is passed on as just that.

mod body;
mod mischief;
mod witness;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use self::body::Body;
pub(crate) use self::mischief::{Mischief, Trick};
pub(crate) use self::witness::Witness;

/// The adapter's events have at most 64 KiB; face API calls less.
const LONGEST_REQUEST_BYTES: usize = 1 << 20;

/// A running relay; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    address: SocketAddr,
    _server: AbortOnDropHandle<()>,
}

/// What each connection needs.
#[derive(Debug)]
struct Way {
    http: reqwest::Client,
    /// `host:port` of who really answers.
    upstream: String,
    witness: Witness,
    mischief: Arc<Mischief>,
}

/// An answer as far as it came.
#[derive(Debug)]
struct Answer {
    status: http::StatusCode,
    headers: HeaderMap,
    body: Bytes,
    is_whole: bool,
    /// It came whole and with success, and not about a result, which nobody misses.
    is_taken: bool,
}

/// Ends a connection without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Severed;

impl std::error::Error for Severed {}

impl std::fmt::Display for Severed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed by the relay")
    }
}

impl Relay {
    /// Listens at `host` on a free port.
    ///
    /// # Errors
    /// When nothing can be bound there.
    pub(crate) async fn start(
        host: IpAddr,
        upstream: String,
        witness: Witness,
        mischief: Arc<Mischief>,
    ) -> Result<Self> {
        let listener = TcpListener::bind((host, 0)).await;
        let listener = listener.with_context(|| format!("cannot listen at {host}"))?;
        let address = listener.local_addr()?;
        let way = Arc::new(Way {
            http: service::http_client(&service::ConnectOptions::default())?,
            upstream,
            witness,
            mischief,
        });
        let server = AbortOnDropHandle::new(tokio::spawn(serve(listener, way)));
        Ok(Self {
            address,
            _server: server,
        })
    }

    /// Where it listens, as a URL without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve(listener: TcpListener, way: Arc<Way>) {
    let mut connections = JoinSet::new();
    loop {
        // Accepting is cancel-safe: a connection not yet accepted stays in the backlog.
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(connection(stream, Arc::clone(&way)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, way: Arc<Way>) {
    let service = service_fn(|request| Arc::clone(&way).answer(request));
    // Clients are killed all the time: how a connection ends is no news.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Way {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Severed> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LONGEST_REQUEST_BYTES).collect().await;
        let body = body.map_err(|_| Severed)?.to_bytes();
        let Some(trick) = self.mischief.trick() else {
            return Ok(self.pass(&parts, body).await?.unchanged());
        };
        self.play(trick, &parts, body).await
    }

    /// Plays a trick, and counts it if it could do what it is called.
    async fn play(
        &self,
        trick: Trick,
        parts: &Parts,
        body: Bytes,
    ) -> Result<Response<Body>, Severed> {
        let count = |is_played: bool| {
            if is_played {
                self.mischief.played(trick);
            }
        };
        match trick {
            Trick::Refuse(status) => {
                count(true);
                Ok(Body::empty_answer(status))
            }
            Trick::Drop => {
                count(true);
                Err(Severed)
            }
            Trick::LoseAnswer => {
                count(self.pass(parts, body).await?.is_taken);
                Err(Severed)
            }
            Trick::Halve => {
                let answer = self.pass(parts, body).await?;
                count(answer.is_taken);
                answer.half()
            }
            Trick::Double => {
                let second = self.pass(parts, body.clone());
                let (first, second) = tokio::join!(self.pass(parts, body), second);
                let is_taken =
                    |answer: &Result<Answer, _>| answer.as_ref().is_ok_and(|it| it.is_taken);
                count(is_taken(&first) && is_taken(&second));
                Ok(first?.unchanged())
            }
            Trick::Hold(time) => {
                let answer = self.pass(parts, body).await?;
                tokio::time::sleep(time).await;
                count(answer.is_taken);
                Ok(answer.unchanged())
            }
        }
    }

    /// Asks the upstream once, and writes down what was asked and answered.
    async fn pass(&self, parts: &Parts, body: Bytes) -> Result<Answer, Severed> {
        let seen = self.witness.asked(&parts.headers, &body);
        let mut answer = self.ask(parts, body).await?;
        if answer.is_whole && answer.status.is_success() {
            answer.is_taken = !seen.is_of_a_result();
            self.witness.answered(seen);
        }
        Ok(answer)
    }

    async fn ask(&self, parts: &Parts, body: Bytes) -> Result<Answer, Severed> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers.clone();
        for of_this_connection in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING] {
            headers.remove(of_this_connection);
        }
        let asked = self
            .http
            .request(
                parts.method.clone(),
                format!("http://{}{path}", self.upstream),
            )
            .headers(headers)
            .body(body);
        let mut response = asked.send().await.map_err(|_| Severed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        let is_whole = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Ok(Answer {
            status,
            headers,
            body: body.into(),
            is_whole,
            is_taken: false,
        })
    }
}

impl Answer {
    /// Whole, or broken off where the upstream's was.
    fn unchanged(self) -> Response<Body> {
        let body = if self.is_whole {
            Body::whole(self.body.clone())
        } else {
            Body::broken(self.body.clone())
        };
        self.with(body)
    }

    fn half(self) -> Result<Response<Body>, Severed> {
        if self.body.is_empty() {
            return Err(Severed);
        }
        let body = Body::broken(self.body.slice(..self.body.len() / 2));
        Ok(self.with(body))
    }

    fn with(mut self, body: Body) -> Response<Body> {
        // The length stays: half an answer is one that announces more than it brings.
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
