//! Buckets, reached by the configured endpoint or by that of a region. Region and bucket are
//! checked types by the time they come here, so no event can name a host.

use oss::event::ObjectAddress;
use oss::{Bucket, Client};
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
        let endpoint = self
            .settings
            .endpoint_in(region)
            .map_err(Failure::Endpoint)?;
        let client =
            Client::builder(endpoint, self.credentials.clone()).build_on(self.transport.clone());
        Ok(client.bucket(bucket.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser as _;
    use jiff::Timestamp;
    use proptest::prelude::*;
    use signing::Credentials;

    use super::*;
    use crate::Config;

    fn buckets(endpoint: Option<&str>) -> Buckets {
        let config = Config::parse_from(["face-recognition", "--upload-path=target"]);
        let settings = config::Storage {
            endpoint: endpoint.map(|url| url.parse().unwrap()),
            ..config.storage
        };
        let transport = Transport::connect(&service::ConnectOptions::default()).unwrap();
        let keys = LiveCredentials::fixed(Credentials::new("id", "secret"));
        Buckets::new(settings, keys, transport)
    }

    /// The host that a request about this object is signed for, if there is one.
    fn host(buckets: &Buckets, region: &str, bucket: &str, key: &str) -> Option<String> {
        let address = ObjectAddress {
            region: region.parse().ok()?,
            bucket: bucket.parse().ok()?,
            key: key.parse().ok()?,
        };
        let lifetime = Duration::from_mins(1);
        let bucket = buckets.of(&address).ok()?;
        let url = bucket
            .presign_get(&address.key, lifetime, Timestamp::UNIX_EPOCH)
            .ok()?;
        url.expose().host_str().map(str::to_owned)
    }

    proptest! {
        /// Where nothing restricts regions and buckets, so that only their types stand between
        /// an event and a host name.
        #[test]
        fn no_event_names_a_host(
            region in "[a-z]{2}-[a-z]{4,9}(|-[0-9]|[.@#/\\\\:%?\u{3002}][a-z.]{1,9})|\\PC{1,20}",
            bucket in "[a-z0-9-]{3,12}(|[.@#/\\\\:%?\u{ff0e}][a-z.]{1,9})|\\PC{3,20}",
            key in "\\PC{1,30}",
        ) {
            let regional = buckets(None);
            if let Some(host) = host(&regional, &region, &bucket, &key) {
                prop_assert_eq!(host, format!("{bucket}.oss-{region}.aliyuncs.com"));
            }
            let fixed = buckets(Some("https://oss.example"));
            if let Some(host) = self::host(&fixed, &region, &bucket, &key) {
                prop_assert_eq!(host, format!("{bucket}.oss.example"));
            }
        }
    }
}
