//! The client: where requests go, in whose name, and how. It knows no operation; those are
//! methods of [`Bucket`].

use std::fmt;
use std::sync::Arc;

use signing::LiveCredentials;
use signing::oss::SignatureVersion as Signer;
use transport::Transport;

use crate::bucket::Bucket;
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
/// Credentials are asked for at every attempt, so replacing them takes effect at once.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: Endpoint,
    signer: Signer,
    credentials: LiveCredentials,
    transport: Transport,
}

impl Client {
    /// A client that sends through `transport`, whose HTTP client must not follow redirects.
    #[must_use]
    pub fn new(
        endpoint: Endpoint,
        signature: SignatureVersion,
        credentials: LiveCredentials,
        transport: Transport,
    ) -> Self {
        let signer = match signature {
            SignatureVersion::V4 => Signer::V4 {
                region: endpoint.region().to_string(),
            },
            SignatureVersion::V1 => Signer::V1,
        };
        Self {
            shared: Arc::new(Shared {
                endpoint,
                signer,
                credentials,
                transport,
            }),
        }
    }

    /// A bucket. Nothing is sent; whether it exists is seen when it is used.
    #[must_use]
    pub fn bucket(&self, name: BucketName) -> Bucket {
        Bucket::new(self.clone(), name)
    }

    /// Where requests go.
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
