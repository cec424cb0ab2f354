//! Where a source finds its credentials.

use kube_derive::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::rules;

/// Credentials for MNS.
#[derive(Clone, Debug, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct AccessToken {
    /// Key of a Secret in the source's namespace. Its value is a JSON document
    /// `{"url": "https://<account>.mns.<region>.aliyuncs.com", "accessKeyId": "...",
    /// "accessKeySecret": "..."}`. Add `securityToken` for temporary credentials. If the host of
    /// `url` does not name account and region, `accountId` (the account's number) and `region` are
    /// required, because a subscription needs both. A changed value takes effect without a restart.
    pub secret_key_ref: SecretKeyReference,
}

/// One key of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyReference {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name())]
    pub name: String,
    /// Key in the Secret's `data`.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::secret_key())]
    pub key: String,
}
