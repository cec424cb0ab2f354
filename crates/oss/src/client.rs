//! The client: endpoint, credentials and settings. The operations are methods of [`Bucket`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use signing::LiveCredentials;
use signing::oss::SignatureVersion as Signer;
use transport::Transport;

use crate::bucket::Bucket;
use crate::builder::ClientBuilder;
use crate::endpoint::Endpoint;
use crate::names::BucketName;

/// Which signature requests and URLs carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignatureVersion {
    /// HMAC-SHA256, bound to day and region. What the service asks for today.
    #[default]
    V4,
    /// HMAC-SHA1. The service is closing it to new accounts and buckets.
    V1,
}

/// A client of one endpoint. Cheap to clone.
///
/// Every attempt reads the credentials anew, so replacing them takes effect at once.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) endpoint: Endpoint,
    pub(crate) signer: Signer,
    pub(crate) credentials: LiveCredentials,
    pub(crate) transport: Transport,
    /// How long an attempt may take beside moving its body.
    pub(crate) timeout: Duration,
}

impl Client {
    /// Starts a client of this endpoint. Each attempt of an operation is signed with the
    /// credentials that `credentials` holds at that moment.
    pub fn builder(endpoint: Endpoint, credentials: impl Into<LiveCredentials>) -> ClientBuilder {
        ClientBuilder::new(endpoint, credentials.into())
    }

    /// A client with the default settings that shares the connections of `transport`.
    #[must_use]
    pub fn new(
        endpoint: Endpoint,
        signature: SignatureVersion,
        credentials: LiveCredentials,
        transport: Transport,
    ) -> Self {
        let builder = Self::builder(endpoint, credentials);
        builder.signature(signature).build_on(transport)
    }

    pub(crate) fn assemble(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A bucket, whether it exists or not. Nothing is sent.
    #[must_use]
    pub fn bucket(&self, name: BucketName) -> Bucket {
        Bucket::new(self.clone(), name)
    }

    /// The endpoint that requests go to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.endpoint
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.shared.signer
    }

    pub(crate) fn credentials(&self) -> &LiveCredentials {
        &self.shared.credentials
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.shared.transport
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.shared.endpoint)
            .field("signer", &self.shared.signer)
            .finish_non_exhaustive()
    }
}
