//! Many requests to one URL, by a shorter way than [`Transport`](crate::Transport) goes.
//!
//! For each request, `reqwest` makes a text of its URL and a URI of the text, copies the headers
//! twice, and passes layers for redirects, repetitions, cookies and decoding, which here are all
//! switched off; the pool under it prepares a connection to each request that finds an idle one.
//! Where a process does little else than post, that is a large part of its CPU time. So here the
//! URL is read once, and a request goes straight to a connection of [`hyper`], which is what
//! `reqwest` sends it to, too.
//!
//! What a user or an operator sees is that of `Transport`: the same connections by the same
//! [`ConnectOptions`](crate::ConnectOptions), the same errors, observer and spans. There are no
//! repetitions and no signatures: who needs these needs `Transport`.

mod connector;
mod pool;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tracing::Span;
use url::{Position, Url};

use self::connector::Connecting;
pub use self::connector::Connector;
use self::pool::{Pool, Sender};
use crate::error::{BoxError, TransportError};
use crate::http_client;
use crate::observer::{Observation, Observer};
use crate::send::within;
use crate::span::{self, client_span};

/// Posts to one URL. Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub struct PostClient {
    server: Arc<Server>,
    observer: Option<Arc<dyn Observer>>,
}

/// The response to a post. Its connection is used again if the body is read to its end.
#[derive(Debug)]
pub struct PostResponse {
    response: http::Response<Incoming>,
    /// `None` after the end of the body.
    sender: Option<Sender>,
    server: Arc<Server>,
}

/// All that is the same in every request.
struct Server {
    url: Url,
    host: String,
    /// Path and query.
    target: Uri,
    host_header: HeaderValue,
    connecting: Connecting,
    pool: Arc<Pool>,
}

impl PostClient {
    /// Posts to `url`. Nothing is sent yet.
    ///
    /// # Errors
    /// Permanent: no request can name this URL.
    pub fn try_new(connector: &Connector, url: Url) -> Result<Self, http::Error> {
        let origin = &url[..Position::BeforePath];
        let host_header = &url[Position::BeforeHost..Position::AfterPort];
        let server = Server {
            host: url.host_str().unwrap_or_default().to_owned(),
            target: Uri::try_from(&url[Position::BeforePath..Position::AfterQuery])?,
            host_header: HeaderValue::from_str(host_header)?,
            connecting: connector.to(Uri::try_from(origin)?, &url),
            pool: connector.pool(),
            url,
        };
        Ok(Self {
            server: Arc::new(server),
            observer: None,
        })
    }

    /// Tells `observer` of every request.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        let observer = Some(observer);
        Self { observer, ..self }
    }

    /// The span of a request, for its headers and for [`post`](Self::post), if it is part of a trace.
    #[must_use]
    pub fn span(&self) -> Span {
        client_span(&Method::POST, &self.server.url)
    }

    /// Posts once, and returns as soon as the head of the response is there; the deadline covers that
    /// much. Reading the body, within bounds and in time, is the caller's.
    ///
    /// # Errors
    /// See [`TransportError::disposition`]; nothing has been repeated.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection; the server may still act on the request.
    pub async fn post(
        &self,
        deadline: Duration,
        headers: HeaderMap,
        body: Bytes,
        span: &Span,
    ) -> Result<PostResponse, TransportError> {
        let server = &*self.server;
        let observer = self.observer.as_ref();
        let observation =
            observer.map(|observer| Observation::begin(observer, &Method::POST, &server.url));
        let request = server.request(headers, body);
        let outcome = within(deadline, &server.host, span, self.send(request, span)).await;
        if let Some(observation) = observation {
            let status = outcome.as_ref().map(PostResponse::status);
            observation.end(&server.host, status);
        }
        outcome
    }

    async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        span: &Span,
    ) -> Result<PostResponse, TransportError> {
        let server = &self.server;
        loop {
            let idle = server.pool.take();
            let was_used = idle.is_some();
            let mut sender = match idle {
                Some(sender) => sender,
                // On the heap, because most requests find a connection.
                None => Box::pin(server.connect()).await?,
            };
            let mut error = match sender.try_send_request(request).await {
                Ok(response) => {
                    span::responded(span, response.status());
                    return Ok(PostResponse {
                        response,
                        sender: Some(sender),
                        server: server.clone(),
                    });
                }
                Err(error) => error,
            };
            match error.take_message() {
                // The server closed the connection; nothing of the request was sent.
                Some(unsent) if was_used => request = unsent,
                _ => return Err(server.unanswered(error.into_error())),
            }
        }
    }
}

impl Server {
    fn request(&self, headers: HeaderMap, body: Bytes) -> Request<Full<Bytes>> {
        const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
        const OURSELVES: HeaderValue = HeaderValue::from_static(http_client::USER_AGENT);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, ANYTHING);
        headers.insert(USER_AGENT, OURSELVES);
        headers.insert(HOST, self.host_header.clone());
        request
    }

    async fn connect(&self) -> Result<Sender, TransportError> {
        let connected = self.connecting.connect().await;
        let (sender, connection) = connected.map_err(|source| self.unreachable(source))?;
        // It ends when its sender is dropped. What it fails with, the request under way is told. To let
        // the request's own task drive it saves nothing: hyper then wakes that one as often.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    fn unreachable(&self, source: Option<BoxError>) -> TransportError {
        let host = self.host.clone();
        match source {
            Some(source) => TransportError::Unreachable { host, source },
            None => TransportError::OutOfReach { host },
        }
    }

    fn unanswered(&self, source: hyper::Error) -> TransportError {
        TransportError::Unanswered {
            host: self.host.clone(),
            source: source.into(),
        }
    }
}

/// Tells the address without what is secret in it.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = &self.url[Position::BeforeHost..Position::AfterPort];
        f.debug_tuple("Server").field(&origin).finish()
    }
}

impl PostResponse {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next part of the body, `None` at its end.
    ///
    /// # Errors
    /// When the connection breaks, or what it brings is no body.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping the future but, at the end of the body, the connection.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BoxError> {
        while let Some(frame) = self.response.frame().await {
            // Trailers are passed over.
            if let Ok(chunk) = frame?.into_data() {
                return Ok(Some(chunk));
            }
        }
        // Where the server has closed the connection, the body is whole all the same.
        if let Some(mut sender) = self.sender.take()
            && sender.ready().await.is_ok()
        {
            self.server.pool.put(sender);
        }
        Ok(None)
    }
}
