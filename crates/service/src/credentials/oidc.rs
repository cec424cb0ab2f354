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
use super::role::{IssuedKeys, MAX_RESPONSE_BYTES, TemporaryCredentials, accepted};
use crate::settings::http_url;

const SERVICE: &str = "STS";
const DEADLINE: Duration = Duration::from_secs(10);
/// The service's default, spelled out because the refresh schedule follows from it.
const LIFETIME: &str = "3600";

const ROLE_ARN: &str = "ALIBABA_CLOUD_ROLE_ARN";
const PROVIDER_ARN: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";
const STS_ENDPOINT: &str = "ALIBABA_CLOUD_STS_ENDPOINT";

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
    /// [`CredentialsError::IncompleteRole`] names the one that is missing,
    /// [`CredentialsError::StsEndpoint`] the one that names no host.
    pub fn from_vars(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, CredentialsError> {
        let names = [ROLE_ARN, PROVIDER_ARN, TOKEN_FILE];
        let Some(present) = names.into_iter().find(|name| lookup(name).is_some()) else {
            return Ok(None);
        };
        let required = |missing: &'static str| {
            lookup(missing).ok_or(CredentialsError::IncompleteRole { missing, present })
        };
        Ok(Some(Self {
            role_arn: required(ROLE_ARN)?,
            provider_arn: required(PROVIDER_ARN)?,
            token_file: required(TOKEN_FILE)?.into(),
            session_name: lookup("ALIBABA_CLOUD_ROLE_SESSION_NAME")
                .unwrap_or_else(|| "knative-mnsoss".to_owned()),
            endpoint: endpoint(&lookup)?,
        }))
    }

    pub(super) async fn fetch(
        &self,
        transport: &Transport,
    ) -> Result<TemporaryCredentials, CredentialsError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct AssumeRoleResponse {
            credentials: IssuedKeys,
        }
        let token = tokio::fs::read_to_string(&self.token_file).await;
        let token = token
            .map(Zeroizing::new)
            .map_err(|source| CredentialsError::Unreadable {
                path: self.token_file.clone(),
                mounted: "service account's token",
                source,
            })?;
        let call = Call::new(DEADLINE, MAX_RESPONSE_BYTES).replay(Replay::Safe);
        let response = transport
            .send(&call, || self.request(token.trim(), Timestamp::now()))
            .await
            .map_err(|source| CredentialsError::Unanswered {
                service: SERVICE,
                source,
            })?;
        let body = accepted(SERVICE, response)?;
        serde_json::from_slice::<AssumeRoleResponse>(&body)
            .map(|response| response.credentials.into())
            .map_err(|_| CredentialsError::InvalidResponse { service: SERVICE })
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
        Request::post(format!("{}/?{query}", self.endpoint))
            .header(CONTENT_TYPE, form_type)
            .body(form.into())
    }
}

/// The given endpoint, else that of the region, else the one that serves all regions: the order
/// of the official SDKs.
fn endpoint(lookup: impl Fn(&str) -> Option<String>) -> Result<String, CredentialsError> {
    if let Some(given) = lookup(STS_ENDPOINT) {
        return stated(given.trim()).ok_or(CredentialsError::StsEndpoint {
            variable: STS_ENDPOINT,
        });
    }
    let is_vpc = lookup("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    let host = match lookup("ALIBABA_CLOUD_STS_REGION") {
        None => "sts.aliyuncs.com".to_owned(),
        Some(region) if is_vpc => format!("sts-vpc.{}.aliyuncs.com", region.trim()),
        Some(region) => format!("sts.{}.aliyuncs.com", region.trim()),
    };
    stated(&host).ok_or(CredentialsError::StsEndpoint {
        variable: "ALIBABA_CLOUD_STS_REGION",
    })
}

/// A host, for HTTPS, or a URL of only scheme and host.
fn stated(text: &str) -> Option<String> {
    let url = if text.contains("://") {
        http_url(text)?
    } else {
        http_url(&format!("https://{text}"))?
    };
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_bare.then(|| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_follows_the_variables() {
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
        const ENDPOINT: &str = "ALIBABA_CLOUD_STS_ENDPOINT";
        const REGION: &str = "ALIBABA_CLOUD_STS_REGION";
        const VPC: &str = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED";
        let table: [Case<'_>; 11] = [
            (&[], Some("https://sts.aliyuncs.com")),
            (&[(VPC, "true")], Some("https://sts.aliyuncs.com")),
            (
                &[(REGION, "cn-shanghai"), (VPC, "false")],
                Some("https://sts.cn-shanghai.aliyuncs.com"),
            ),
            (
                &[(REGION, "cn-shanghai"), (VPC, "True")],
                Some("https://sts-vpc.cn-shanghai.aliyuncs.com"),
            ),
            (
                &[
                    (ENDPOINT, "sts-vpc.cn-hangzhou.aliyuncs.com"),
                    (REGION, "x"),
                ],
                Some("https://sts-vpc.cn-hangzhou.aliyuncs.com"),
            ),
            (
                &[(ENDPOINT, "http://127.0.0.1:8906/")],
                Some("http://127.0.0.1:8906"),
            ),
            (
                &[(ENDPOINT, "emulator:8906")],
                Some("https://emulator:8906"),
            ),
            (&[(ENDPOINT, "ftp://sts")], None),
            (&[(ENDPOINT, "sts/path")], None),
            (&[(ENDPOINT, "user@sts")], None),
            (&[(REGION, "evil.test/?")], None),
        ];
        for (variables, expected) in table {
            let lookup = |name: &str| {
                let mut variables = variables.iter();
                variables.find_map(|(known, value)| (*known == name).then(|| (*value).to_owned()))
            };
            let endpoint = endpoint(lookup);
            assert_eq!(endpoint.ok().as_deref(), expected, "{variables:?}");
        }
    }
}
