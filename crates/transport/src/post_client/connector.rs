//! How a connection to an origin comes about.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec::IntoIter;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::{Service, ServiceExt as _};
use url::Url;

use crate::error::BoxError;
use crate::http_client::{self, ConnectOptions, HttpClientError, Resolver};
use crate::post_client::pool::{Pool, Sender};

/// Makes connections for [`PostClient`](crate::PostClient)s. Cheap to clone; clones trust the same
/// certificates.
#[derive(Clone)]
pub struct Connector {
    https: HttpsConnector<HttpConnector<Resolver>>,
    options: Arc<ConnectOptions>,
}

/// Makes connections to one origin.
pub(super) struct Connecting {
    connector: Connector,
    origin: Uri,
    is_in_reach: bool,
}

/// Bytes in and out.
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
/// What sends requests to a connection, and the connection.
type Connected = (Sender, http1::Connection<Stream, Full<Bytes>>);

impl Connector {
    /// Connects as `options` say.
    ///
    /// # Errors
    /// Permanent: CA certificates that cannot be read.
    pub fn try_new(options: ConnectOptions) -> Result<Self, HttpClientError> {
        let mut http = HttpConnector::new_with_resolver(Resolver::new(options.reach.clone()));
        http.enforce_http(false);
        http.set_connect_timeout(Some(options.connect_timeout));
        http.set_nodelay(true);
        http.set_keepalive(Some(http_client::KEEPALIVE_AFTER));
        http.set_keepalive_interval(Some(http_client::KEEPALIVE_INTERVAL));
        http.set_keepalive_retries(Some(http_client::KEEPALIVE_PROBES));
        Ok(Self {
            https: HttpsConnector::from((http, http_client::tls(&options)?)),
            options: Arc::new(options),
        })
    }

    pub(super) fn to(&self, origin: Uri, url: &Url) -> Connecting {
        Connecting {
            connector: self.clone(),
            origin,
            is_in_reach: self.options.reach.admits_url(url),
        }
    }

    pub(super) fn pool(&self) -> Arc<Pool> {
        Arc::new(Pool::new(
            self.options.idle_per_host,
            self.options.idle_timeout,
        ))
    }

    fn timeout(&self) -> Duration {
        self.options.connect_timeout
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connector").field(&self.options).finish()
    }
}

impl Connecting {
    /// A new connection. The error is `None` if the address must not be connected to.
    pub(super) async fn connect(&self) -> Result<Connected, Option<BoxError>> {
        if !self.is_in_reach {
            return Err(None);
        }
        let connecting = async {
            let https = self.connector.https.clone();
            let stream = https.oneshot(self.origin.clone()).await?;
            Ok(http1::handshake(stream).await?)
        };
        match timeout(self.connector.timeout(), connecting).await {
            Ok(connected) => connected.map_err(Some),
            Err(_elapsed) => Err(Some("it took too long to connect".into())),
        }
    }
}

impl Service<Name> for Resolver {
    type Response = IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move { resolver.addresses(name.as_str()).await })
    }
}
