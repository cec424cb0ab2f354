//! Making the client of a service: how it connects, how long it waits, how often it tries.

use std::time::Duration;

use crate::http_client::{ConnectOptions, HttpClientError};
use crate::retry::RetryPolicy;
use crate::send::Transport;

/// A service whose client needs a [`Transport`] and the time that one attempt may take.
pub trait Service {
    /// The client of the service.
    type Client;

    /// The time that one attempt may take unless the builder is told another.
    const TIMEOUT: Duration;

    /// Makes the client. Nothing is sent yet.
    fn connect(self, transport: Transport, timeout: Duration) -> Self::Client;
}

/// The settings of a client.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder<S> {
    service: S,
    timeout: Duration,
    retry: Option<RetryPolicy>,
    connect: ConnectOptions,
}

impl<S: Service> ClientBuilder<S> {
    /// Starts a client of `service` with the default settings.
    pub fn new(service: S) -> Self {
        Self {
            service,
            timeout: S::TIMEOUT,
            retry: None,
            connect: ConnectOptions::default(),
        }
    }

    /// How long one attempt may take, beyond the time for which the service may hold it and what
    /// a slow line needs to move its body; [`Service::TIMEOUT`] by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How long a connection may take to come about; 5 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect.connect_timeout = timeout;
        self
    }

    /// How often a call is repeated whose repetition does no harm; three attempts within about
    /// a second by default.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// A client with connections of its own. Nothing is sent yet.
    ///
    /// # Errors
    /// Permanent: TLS cannot be set up.
    pub fn build(self) -> Result<S::Client, HttpClientError> {
        let transport = Transport::connect(&self.connect)?;
        Ok(self.build_on(transport))
    }

    /// A client that shares the connections of `transport`, and its retry policy unless
    /// [`retry`](Self::retry) has set another. The HTTP client of `transport` must not follow
    /// redirects.
    #[must_use]
    pub fn build_on(self, transport: Transport) -> S::Client {
        let transport = match self.retry {
            Some(retry) => transport.with_retry(retry),
            None => transport,
        };
        self.service.connect(transport, self.timeout)
    }
}
