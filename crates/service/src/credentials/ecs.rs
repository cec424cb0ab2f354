//! The RAM role of the machine, from its metadata service.
//!
//! Requests have a session token; on machines that issue none they have none, unless that is
//! forbidden.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use transport::{Call, Replay, Transport};

use super::CredentialsError;
use super::role::{IssuedKeys, MAX_RESPONSE_BYTES, TemporaryCredentials, accepted};

const SERVICE: &str = "the ECS metadata service";
/// The service is on the same machine, or not there at all.
const DEADLINE: Duration = Duration::from_secs(1);
/// Six hours, the longest the service grants.
const TOKEN_LIFETIME: HeaderValue = HeaderValue::from_static("21600");
const TOKEN_LIFETIME_NAME: HeaderName =
    HeaderName::from_static("x-aliyun-ecs-metadata-token-ttl-seconds");
const TOKEN_NAME: HeaderName = HeaderName::from_static("x-aliyun-ecs-metadata-token");
/// Stands for "the role that this machine has".
const ANY_ROLE: &str = "auto";

/// A role of the machine.
#[derive(Clone, Debug)]
pub struct EcsRole {
    /// The role's name; `None` to take the one that the machine has.
    pub role: Option<String>,
    /// Whether requests without a session token are allowed.
    pub allow_without_token: bool,
    /// Scheme and host of the metadata service.
    pub endpoint: String,
}

impl EcsRole {
    /// Reads `ALIBABA_CLOUD_ECS_METADATA` (a role's name, or `auto` for the one that
    /// the machine has) and `ALIBABA_CLOUD_IMDSV1_DISABLED`.
    ///
    /// `None` if the first is absent or `ALIBABA_CLOUD_ECS_METADATA_DISABLED` is `true`.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let is_set = |name| lookup(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let role = lookup("ALIBABA_CLOUD_ECS_METADATA")?;
        if is_set("ALIBABA_CLOUD_ECS_METADATA_DISABLED") {
            return None;
        }
        Some(Self {
            role: Some(role).filter(|role| role != ANY_ROLE),
            allow_without_token: !is_set("ALIBABA_CLOUD_IMDSV1_DISABLED"),
            endpoint: "http://100.100.100.200".to_owned(),
        })
    }

    pub(super) async fn fetch(
        &self,
        transport: &Transport,
    ) -> Result<TemporaryCredentials, CredentialsError> {
        let token = match self.token(transport).await {
            Ok(token) => Some(token),
            Err(_) if self.allow_without_token => None,
            Err(error) => return Err(error),
        };
        let role = match &self.role {
            Some(role) => role.clone(),
            None => text(&self.get(transport, "", token.as_ref()).await?)?,
        };
        let body = self.get(transport, &role, token.as_ref()).await?;
        let issued: IssuedKeys = serde_json::from_slice(&body)
            .map_err(|_| CredentialsError::InvalidResponse { service: SERVICE })?;
        Ok(issued.into())
    }

    async fn token(&self, transport: &Transport) -> Result<HeaderValue, CredentialsError> {
        let url = format!("{}/latest/api/token", self.endpoint);
        let request = || {
            Request::put(&url)
                .header(TOKEN_LIFETIME_NAME, TOKEN_LIFETIME)
                .body(Bytes::new())
        };
        let body = send(transport, request).await?;
        let mut token = HeaderValue::from_str(&text(&body)?)
            .map_err(|_| CredentialsError::InvalidResponse { service: SERVICE })?;
        token.set_sensitive(true);
        Ok(token)
    }

    async fn get(
        &self,
        transport: &Transport,
        role: &str,
        token: Option<&HeaderValue>,
    ) -> Result<Bytes, CredentialsError> {
        let url = format!(
            "{}/latest/meta-data/ram/security-credentials/{role}",
            self.endpoint
        );
        let request = || {
            let request = Request::get(&url);
            match token {
                Some(token) => request.header(TOKEN_NAME, token),
                None => request,
            }
            .body(Bytes::new())
        };
        send(transport, request).await
    }
}

async fn send(
    transport: &Transport,
    request: impl Fn() -> Result<Request<Bytes>, http::Error> + Send + Sync,
) -> Result<Bytes, CredentialsError> {
    let call = Call::new(DEADLINE, MAX_RESPONSE_BYTES).replay(Replay::Safe);
    let response =
        transport
            .send(&call, request)
            .await
            .map_err(|source| CredentialsError::Unanswered {
                service: SERVICE,
                source,
            })?;
    if response.status() == StatusCode::NOT_FOUND {
        let code = "NoSuchRole".to_owned();
        return Err(CredentialsError::Refused {
            service: SERVICE,
            status: response.status(),
            code,
        });
    }
    accepted(SERVICE, response)
}

fn text(body: &Bytes) -> Result<String, CredentialsError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| CredentialsError::InvalidResponse { service: SERVICE })?;
    Ok(text.trim().to_owned())
}
