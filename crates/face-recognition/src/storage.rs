//! Buckets, reached by the configured endpoint or by that of a region. Region and bucket are
//! checked types by the time they come here, so no event can name a host.

use oss::event::ObjectAddress;
use oss::{Bucket, Client, Endpoint};
use signing::LiveCredentials;
use transport::Transport;

use crate::config;
use crate::failure::Failure;

/// Makes clients for buckets.
#[derive(Debug, Clone)]
pub(crate) struct Buckets {
    settings: config::Storage,
    credentials: LiveCredentials,
    transport: Transport,
}

impl Buckets {
    pub(crate) fn new(
        settings: config::Storage,
        credentials: LiveCredentials,
        transport: Transport,
    ) -> Self {
        Self {
            settings,
            credentials,
            transport,
        }
    }

    /// The bucket of an object. Nothing is sent.
    pub(crate) fn of(&self, address: &ObjectAddress) -> Result<Bucket, Failure> {
        let ObjectAddress { region, bucket, .. } = address;
        let config::Storage {
            endpoint,
            addressing,
            signature,
            internal,
            ..
        } = &self.settings;
        let endpoint = match endpoint {
            Some(url) => {
                Endpoint::new(url, *addressing, region.clone()).map_err(Failure::Endpoint)?
            }
            None => Endpoint::for_region(region, *internal),
        };
        let (credentials, transport) = (self.credentials.clone(), self.transport.clone());
        let client = Client::new(endpoint, *signature, credentials, transport);
        Ok(client.bucket(bucket.clone()))
    }
}
