//! Temporary keys from the address of a sidecar or a broker.
//!
//! The last source in the order of the official SDKs. The server at the address decides whose
//! keys these are; the address itself may be a secret and appears in no message.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use transport::{Call, Replay, Transport};
use url::Url;

use super::CredentialsError;
use super::role::{IssuedKeys, MAX_RESPONSE_BYTES, TemporaryCredentials, accepted};
use crate::settings::http_url;

const SERVICE: &str = "the service at ALIBABA_CLOUD_CREDENTIALS_URI";
const VARIABLE: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";
const DEADLINE: Duration = Duration::from_secs(10);

/// An address that returns keys to a plain GET.
#[derive(Clone)]
pub struct CredentialsUri(Url);

impl CredentialsUri {
    /// Asks at this address.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// Reads `ALIBABA_CLOUD_CREDENTIALS_URI`; `None` if it is absent.
    ///
    /// # Errors
    /// [`CredentialsError::Uri`] if it is no address.
    pub fn from_vars(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, CredentialsError> {
        let Some(text) = lookup(VARIABLE) else {
            return Ok(None);
        };
        let url = http_url(text.trim()).ok_or(CredentialsError::Uri { variable: VARIABLE })?;
        Ok(Some(Self(url)))
    }

    pub(super) async fn fetch(
        &self,
        transport: &Transport,
    ) -> Result<TemporaryCredentials, CredentialsError> {
        let call = Call::new(DEADLINE, MAX_RESPONSE_BYTES).replay(Replay::Safe);
        let request = || Request::get(self.0.as_str()).body(Bytes::new());
        let response = transport.send(&call, request).await.map_err(|source| {
            CredentialsError::Unanswered {
                service: SERVICE,
                source,
            }
        })?;
        let body = accepted(SERVICE, response)?;
        serde_json::from_slice::<IssuedKeys>(&body)
            .map(Into::into)
            .map_err(|_| CredentialsError::InvalidResponse { service: SERVICE })
    }
}

impl std::fmt::Debug for CredentialsUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CredentialsUri(***)")
    }
}
