//! Making a client.

use std::time::Duration;

use signing::LiveCredentials;
use signing::oss::SignatureVersion as Signer;
use transport::{ConnectOptions, HttpClientError, RetryPolicy, Transport};

use crate::client::{Client, Shared, SignatureVersion};
use crate::endpoint::Endpoint;

/// How long an attempt may take beside moving its body.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The settings of a [`Client`]; made by [`Client::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    endpoint: Endpoint,
    credentials: LiveCredentials,
    signature: SignatureVersion,
    timeout: Duration,
    retry: Option<RetryPolicy>,
    connect: ConnectOptions,
}

impl ClientBuilder {
    pub(crate) fn new(endpoint: Endpoint, credentials: LiveCredentials) -> Self {
        Self {
            endpoint,
            credentials,
            signature: SignatureVersion::default(),
            timeout: TIMEOUT,
            retry: None,
            connect: ConnectOptions::default(),
        }
    }

    /// The signature of requests and presigned URLs; V4 by default.
    pub fn signature(self, signature: SignatureVersion) -> Self {
        Self { signature, ..self }
    }

    /// How long one attempt may take, beyond what a slow line needs to move its body; 30 s by
    /// default.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How long a connection may take to come about; 5 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect.connect_timeout = timeout;
        self
    }

    /// How often an operation is repeated whose repetition does no harm; three attempts within
    /// about a second by default.
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
    /// [`retry`](Self::retry) has set another. The HTTP client of `transport` must not follow
    /// redirects.
    #[must_use]
    pub fn build_on(self, transport: Transport) -> Client {
        let signer = match self.signature {
            SignatureVersion::V4 => Signer::V4 {
                region: self.endpoint.region().to_string(),
            },
            SignatureVersion::V1 => Signer::V1,
        };
        let transport = match self.retry {
            Some(retry) => transport.with_retry(retry),
            None => transport,
        };
        Client::assemble(Shared {
            endpoint: self.endpoint,
            signer,
            credentials: self.credentials,
            transport,
            timeout: self.timeout,
        })
    }
}
