//! The cloud identity of a source: a RAM role in place of stored credentials.

use kube_derive::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::rules;

/// A RAM role for the adapter pods (RRSA), in place of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct AuthSpec {
    /// ServiceAccount that the adapter pods run as, and whose token STS exchanges for the role's
    /// keys. It needs no permissions in the cluster. It is also the identity of the source towards
    /// sinks that expect tokens (OIDC).
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name())]
    pub service_account_name: String,
    /// Role that the adapter assumes, `acs:ram::<account>:role/<name>`. Its trust policy must
    /// name the ServiceAccount. If absent, `ack-pod-identity-webhook` must be installed: it
    /// finds the role in the ServiceAccount's annotation
    /// `pod-identity.alibabacloud.com/role-name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    #[x_kube(validation = rules::role_arn())]
    pub role_arn: Option<String>,
    /// Identity provider of the cluster, `acs:ram::<account>:oidc-provider/<name>`; the
    /// controller's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    #[x_kube(validation = rules::oidc_provider_arn())]
    pub oidc_provider_arn: Option<String>,
}
