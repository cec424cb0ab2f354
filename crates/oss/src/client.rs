//! The client: endpoint, credentials and settings. The operations are methods of [`Bucket`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use signing::LiveCredentials;
use signing::oss::SignatureVersion as Signer;
use transport::{ClientBuilder, Service, Transport};

use crate::bucket::Bucket;
use crate::endpoint::Endpoint;
use crate::names::BucketName;

/// A client of one endpoint. Cheap to clone.
///
/// Every attempt reads the credentials anew, so replacing them takes effect at once.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    account: Account,
    signer: Signer,
    transport: Transport,
    /// How long an attempt may take beside moving its body.
    timeout: Duration,
}

/// The endpoint of a [`Client`], and the credentials to sign with.
#[derive(Clone, Debug)]
pub struct Account {
    endpoint: Endpoint,
    credentials: LiveCredentials,
}

impl Service for Account {
    type Client = Client;

    /// What a slow line needs to move a body is added.
    const TIMEOUT: Duration = Duration::from_secs(30);

    fn connect(self, transport: Transport, timeout: Duration) -> Client {
        let shared = Arc::new(Shared {
            signer: self.endpoint.signer(),
            account: self,
            transport,
            timeout,
        });
        Client { shared }
    }
}

impl Client {
    /// Starts a client of this endpoint. Each attempt of an operation is signed with the
    /// credentials that `credentials` holds at that moment.
    pub fn builder(
        endpoint: Endpoint,
        credentials: impl Into<LiveCredentials>,
    ) -> ClientBuilder<Account> {
        let credentials = credentials.into();
        ClientBuilder::new(Account {
            endpoint,
            credentials,
        })
    }

    /// A bucket, whether it exists or not. Nothing is sent.
    #[must_use]
    pub fn bucket(&self, name: BucketName) -> Bucket {
        Bucket::new(self.clone(), name)
    }

    /// The endpoint that requests go to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.account.endpoint
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.shared.signer
    }

    pub(crate) fn credentials(&self) -> &LiveCredentials {
        &self.shared.account.credentials
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
            .field("endpoint", &self.shared.account.endpoint)
            .field("signer", &self.shared.signer)
            .finish_non_exhaustive()
    }
}
