//! The endpoints of the cloud for the checks, and the connections to them.

use std::error::Error;
use std::time::Duration;

use mns::OpenApiEndpoint;
use oss::{Addressing, Bucket, BucketName, Region};
use service::{ConnectOptions, error_line};
use signing::LiveCredentials;
use source_api::MnsOssSource;
use transport::{HttpClientError, Networks, RetryPolicy, Transport};
use url::Url;

use crate::account::read_document;
use crate::app::reach;

/// Endpoints and other settings for the cloud that a source does not have itself.
#[derive(Clone, Debug)]
pub struct EndpointOverrides {
    /// The bucket, for a source that has no event rule.
    pub bucket: Option<String>,
    /// The OpenAPI of MNS, if it is not the vendor's.
    pub open_api: Option<OpenApiEndpoint>,
    /// Endpoint of OSS, if it is not the region's.
    pub oss: Option<Url>,
    /// How a bucket is put into that endpoint.
    pub addressing: Addressing,
    /// Private networks that the controller may connect to.
    pub private: Networks,
}

impl EndpointOverrides {
    /// The bucket of a source with this document in its Secret, or the one in `bucket`; `None` if
    /// there is neither.
    ///
    /// # Errors
    /// The text says which setting is invalid.
    pub fn bucket(&self, source: &MnsOssSource, document: &[u8]) -> Result<Option<Bucket>, String> {
        let rule = source.spec.event_rule.as_ref();
        let Some(name) = rule.map(|rule| &rule.bucket).or(self.bucket.as_ref()) else {
            return Ok(None);
        };
        let name: BucketName = name.parse().map_err(error_text)?;
        let (mns, credentials) = read_document(document, &source.spec).map_err(error_text)?;
        let region = rule.and_then(|rule| rule.region.as_deref());
        let region = region.or(mns.region()).ok_or(
            "the region of the bucket is not known: give `region` in `eventRule` or in the Secret",
        )?;
        let region: Region = region.parse().map_err(error_text)?;
        let endpoint = match &self.oss {
            None => oss::Endpoint::for_region(&region, false),
            Some(url) => oss::Endpoint::new(url, self.addressing, region).map_err(error_text)?,
        };
        let credentials = LiveCredentials::fixed(credentials);
        let client = oss::Client::builder(endpoint, credentials);
        let client = client.build_on(transport(&self.private, false).map_err(error_text)?);
        Ok(Some(client.bucket(name)))
    }
}

fn error_text(error: impl Error + 'static) -> String {
    error_line(&error)
}

/// Connections as the controller makes them: those to MNS only to addresses that the controller
/// allows.
pub(super) fn transport(
    private: &Networks,
    is_confined: bool,
) -> Result<Transport, HttpClientError> {
    let mut connect = ConnectOptions::default();
    if is_confined {
        connect.reach = reach(private.clone());
    }
    let retry = RetryPolicy::new(2, Duration::from_millis(100), Duration::from_secs(1));
    Ok(Transport::connect(&connect)?.with_retry(retry))
}
