//! How an adapter gets its credentials: a mounted Secret, or a token for STS.
//!
//! Variables and volume are those of `ack-pod-identity-webhook` under names of our own, so that
//! pods get what they need without it, and do not collide with it where it is installed.

use clap::Args;
use k8s_openapi::api::core::v1::{KeyToPath, SecretVolumeSource, Volume, VolumeMount};
use source_api::{
    AuthSpec, MnsOssSourceSpec, STS_TOKEN_FILE, SecretKeyReference, mounted, sts_token,
};

use super::document::AdapterSettings;

const SECRET_DIRECTORY: &str = "/var/run/mnsoss";
const SECRET_FILE: &str = "access-token";
/// Makes `ack-pod-identity-webhook` change a pod.
pub(super) const INJECTION: (&str, &str) = ("pod-identity.alibabacloud.com/injection", "on");

/// The controller's own variables of RRSA that apply to every pod of its cluster.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudVariables {
    /// Identity provider of the cluster in RAM, for adapters whose source names a role.
    #[arg(long, env = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", value_name = "ARN")]
    pub oidc_provider_arn: Option<String>,
    /// Host of STS, for the controller and those adapters [default: that of the region].
    #[arg(long, env = "ALIBABA_CLOUD_STS_ENDPOINT", value_name = "HOST")]
    pub sts_endpoint: Option<String>,
    /// Region of STS [default: the endpoint that serves all regions].
    #[arg(long, env = "ALIBABA_CLOUD_STS_REGION", value_name = "REGION")]
    pub sts_region: Option<String>,
    /// `true` to use the endpoint of STS inside the region's network.
    #[arg(
        long,
        env = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED",
        value_name = "BOOLEAN"
    )]
    pub vpc_endpoint_enabled: Option<String>,
}

/// Whether a source names a role, but neither it nor the controller names the provider.
pub(super) fn lacks_provider(spec: &MnsOssSourceSpec, settings: &AdapterSettings) -> bool {
    let auth = spec.auth.as_ref();
    auth.is_some_and(|auth| {
        auth.role_arn.is_some()
            && auth.oidc_provider_arn.is_none()
            && is_unset(settings.cloud.oidc_provider_arn.as_ref())
    })
}

fn is_unset(text: Option<&String>) -> bool {
    text.is_none_or(String::is_empty)
}

/// Whether the webhook has to find the role.
pub(super) fn needs_webhook(spec: &MnsOssSourceSpec) -> bool {
    let auth = spec.auth.as_ref();
    auth.is_some_and(|auth| auth.role_arn.is_none())
}

/// Variables by which the adapter finds its credentials.
pub(super) fn variables(
    spec: &MnsOssSourceSpec,
    settings: &AdapterSettings,
) -> Vec<(&'static str, String)> {
    if spec.access_token.is_some() {
        let file = format!("{SECRET_DIRECTORY}/{SECRET_FILE}");
        return vec![("MNS_ACCESS_TOKEN_FILE", file)];
    }
    let Some(AuthSpec {
        role_arn: Some(role),
        oidc_provider_arn,
        ..
    }) = &spec.auth
    else {
        return Vec::new();
    };
    let CloudVariables {
        oidc_provider_arn: usual,
        sts_endpoint,
        sts_region,
        vpc_endpoint_enabled,
    } = &settings.cloud;
    let provider = oidc_provider_arn.as_ref().or(usual.as_ref());
    let token = STS_TOKEN_FILE.to_owned();
    [
        ("ALIBABA_CLOUD_ROLE_ARN", Some(role)),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", provider),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", Some(&token)),
        ("ALIBABA_CLOUD_STS_ENDPOINT", sts_endpoint.as_ref()),
        ("ALIBABA_CLOUD_STS_REGION", sts_region.as_ref()),
        (
            "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED",
            vpc_endpoint_enabled.as_ref(),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?.clone())))
    .collect()
}

/// The volume and the mount of the adapter; nothing if the webhook adds them.
pub(super) fn volume(spec: &MnsOssSourceSpec) -> Option<(Volume, VolumeMount)> {
    if let Some(token) = &spec.access_token {
        let volume = secret(&token.secret_key_ref);
        return Some(mounted(volume, SECRET_DIRECTORY));
    }
    let auth = spec.auth.as_ref()?;
    auth.role_arn.as_ref()?;
    Some(sts_token())
}

/// The Secret's one key, as a file that the kubelet keeps up to date.
fn secret(reference: &SecretKeyReference) -> Volume {
    let SecretKeyReference { name, key } = reference;
    Volume {
        name: SECRET_FILE.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(name.clone()),
            items: Some(vec![KeyToPath {
                key: key.clone(),
                path: SECRET_FILE.to_owned(),
                mode: None,
            }]),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}
