//! RRSA: a RAM role for the identity token that Kubernetes mounts into the pod.
//!
//! `AssumeRoleWithOIDC` needs no signature; the token is the proof. The token file is
//! read for every call, because Kubernetes renews it.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use jiff::Timestamp;
use serde::Deserialize;
use transport::{Call, Replay, Transport};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::CredentialsError;
use super::role::{Issued, MAX_ANSWER_BYTES, Wire, accepted};

const SERVICE: &str = "STS";
const DEADLINE: Duration = Duration::from_secs(10);
/// The service's default, spelled out because the refresh schedule follows from it.
const LIFETIME: &str = "3600";

const ROLE_ARN: &str = "ALIBABA_CLOUD_ROLE_ARN";
const PROVIDER_ARN: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";

/// A role to assume, and the proof to show.
#[derive(Clone, Debug)]
pub struct OidcRole {
    /// The role's resource name.
    pub role_arn: String,
    /// The resource name of the cluster's identity provider.
    pub provider_arn: String,
    /// Where Kubernetes mounts the token.
    pub token_file: PathBuf,
    /// Shows up in audit logs.
    pub session_name: String,
    /// Scheme and host of STS.
    pub endpoint: String,
}

impl OidcRole {
    /// Reads the variables that the RRSA webhook sets; `None` if there are none.
    ///
    /// # Errors
    /// [`CredentialsError::HalfARole`] names the one that is missing.
    pub fn from_vars(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, CredentialsError> {
        let names = [ROLE_ARN, PROVIDER_ARN, TOKEN_FILE];
        let Some(present) = names.into_iter().find(|name| lookup(name).is_some()) else {
            return Ok(None);
        };
        let required = |missing: &'static str| {
            lookup(missing).ok_or(CredentialsError::HalfARole { missing, present })
        };
        Ok(Some(Self {
            role_arn: required(ROLE_ARN)?,
            provider_arn: required(PROVIDER_ARN)?,
            token_file: required(TOKEN_FILE)?.into(),
            session_name: lookup("ALIBABA_CLOUD_ROLE_SESSION_NAME")
                .unwrap_or_else(|| "knative-mnsoss".to_owned()),
            endpoint: endpoint(
                lookup("ALIBABA_CLOUD_STS_REGION").as_deref(),
                lookup("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED").as_deref(),
            ),
        }))
    }

    pub(super) async fn fetch(&self, transport: &Transport) -> Result<Issued, CredentialsError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct AssumeRoleResponse {
            credentials: Wire,
        }
        let token = tokio::fs::read_to_string(&self.token_file).await;
        let token = token
            .map(Zeroizing::new)
            .map_err(|source| CredentialsError::Unreadable {
                path: self.token_file.clone(),
                source,
            })?;
        let call = Call::new(DEADLINE, MAX_ANSWER_BYTES).replay(Replay::Safe);
        let answer = transport
            .send(&call, || self.request(token.trim(), Timestamp::now()))
            .await
            .map_err(|source| CredentialsError::Unanswered {
                service: SERVICE,
                source,
            })?;
        let body = accepted(SERVICE, answer)?;
        serde_json::from_slice::<AssumeRoleResponse>(&body)
            .map(|answer| answer.credentials.into())
            .map_err(|_| CredentialsError::Answer { service: SERVICE })
    }

    fn request(&self, token: &str, now: Timestamp) -> Result<Request<Bytes>, http::Error> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "AssumeRoleWithOIDC")
            .append_pair("Version", "2015-04-01")
            .append_pair("Format", "JSON")
            .append_pair("Timestamp", &now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            .finish();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("RoleArn", &self.role_arn)
            .append_pair("OIDCProviderArn", &self.provider_arn)
            .append_pair("OIDCToken", token)
            .append_pair("RoleSessionName", &self.session_name)
            .append_pair("DurationSeconds", LIFETIME)
            .finish();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        Request::post(format!("{}/?{query}", self.endpoint.trim_end_matches('/')))
            .header(CONTENT_TYPE, form_type)
            .body(form.into())
    }
}

fn endpoint(region: Option<&str>, vpc: Option<&str>) -> String {
    let vpc = vpc.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match region {
        None => "https://sts.aliyuncs.com".to_owned(),
        Some(region) if vpc => format!("https://sts-vpc.{region}.aliyuncs.com"),
        Some(region) => format!("https://sts.{region}.aliyuncs.com"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_follows_region_and_network() {
        let table = [
            (None, None, "https://sts.aliyuncs.com"),
            (None, Some("true"), "https://sts.aliyuncs.com"),
            (
                Some("cn-shanghai"),
                Some("false"),
                "https://sts.cn-shanghai.aliyuncs.com",
            ),
            (
                Some("cn-shanghai"),
                Some("True"),
                "https://sts-vpc.cn-shanghai.aliyuncs.com",
            ),
        ];
        for (region, vpc, expected) in table {
            assert_eq!(endpoint(region, vpc), expected, "{region:?} {vpc:?}");
        }
    }
}
