//! Making a client.

use std::time::Duration;

use signing::LiveCredentials;
use transport::{ConnectOptions, HttpClientError, RetryPolicy, Transport};

use crate::client::{Client, Inner};
use crate::endpoint::Endpoint;

/// How long an attempt may take beyond the time for which MNS may hold it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The settings of a [`Client`]; made by [`Client::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    endpoint: Endpoint,
    credentials: LiveCredentials,
    timeout: Duration,
    retry: Option<RetryPolicy>,
    connect: ConnectOptions,
}

impl ClientBuilder {
    pub(crate) fn new(endpoint: Endpoint, credentials: LiveCredentials) -> Self {
        Self {
            endpoint,
            credentials,
            timeout: TIMEOUT,
            retry: None,
            connect: ConnectOptions::default(),
        }
    }

    /// How long one attempt may take, beyond the wait of a long poll; 10 s by default.
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
    pub fn retry(self, retry: RetryPolicy) -> Self {
        Self {
            retry: Some(retry),
            ..self
        }
    }

    /// A client with connections of its own. Nothing is sent yet.
    ///
    /// # Errors
    /// Permanent: TLS cannot be set up.
    pub fn build(self) -> Result<Client, HttpClientError> {
        let transport = Transport::connect(&self.connect)?;
        Ok(self.build_on(transport))
    }

    /// A client that shares the connections of `transport`, and its retry policy unless
    /// [`retry`](Self::retry) has set another.
    #[must_use]
    pub fn build_on(self, transport: Transport) -> Client {
        let transport = match self.retry {
            Some(retry) => transport.with_retry(retry),
            None => transport,
        };
        Client::assemble(Inner {
            endpoint: self.endpoint,
            credentials: self.credentials,
            transport,
            timeout: self.timeout,
        })
    }
}
