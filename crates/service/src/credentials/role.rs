//! What all kinds of roles have in common: temporary keys that expire.

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use signing::Credentials;
use transport::Transport;

use super::{CredentialsError, CredentialsUri, EcsRole, OidcRole};

/// Larger than any response of the issuing services.
pub(super) const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// A role whose keys have to be fetched again and again.
#[derive(Clone, Debug)]
pub(super) enum Role {
    Oidc(OidcRole),
    Ecs(EcsRole),
    Uri(CredentialsUri),
}

/// Keys as issued.
#[derive(Debug)]
pub(super) struct TemporaryCredentials {
    pub(super) credentials: Credentials,
    pub(super) expires: Timestamp,
}

impl Role {
    pub(super) async fn fetch(
        &self,
        transport: &Transport,
    ) -> Result<TemporaryCredentials, CredentialsError> {
        match self {
            Self::Oidc(role) => role.fetch(transport).await,
            Self::Ecs(role) => role.fetch(transport).await,
            Self::Uri(uri) => uri.fetch(transport).await,
        }
    }
}

/// The four fields, spelled alike by everybody who issues keys.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IssuedKeys {
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: Timestamp,
}

impl From<IssuedKeys> for TemporaryCredentials {
    fn from(wire: IssuedKeys) -> Self {
        let pair = Credentials::new(wire.access_key_id, wire.access_key_secret);
        Self {
            credentials: pair.with_security_token(wire.security_token),
            expires: wire.expiration,
        }
    }
}

/// The body of a successful response; otherwise an error with the code in it.
pub(super) fn accepted(
    service: &'static str,
    response: http::Response<Bytes>,
) -> Result<Bytes, CredentialsError> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Refusal {
        code: String,
    }
    match response.status() {
        StatusCode::OK => Ok(response.into_body()),
        status => {
            let refusal: Refusal = serde_json::from_slice(response.body()).unwrap_or_default();
            Err(CredentialsError::Refused {
                service,
                status,
                code: refusal.code,
            })
        }
    }
}
