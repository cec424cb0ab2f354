//! RRSA: each component has a RAM role in place of a key, and proves its identity by a token of its
//! ServiceAccount.
//!
//! Pods get the token and the variables here, so that nothing needs to be installed for it. The
//! accounts' annotations are for `ack-pod-identity-webhook`, where it is.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EnvVar, ServiceAccount};
use source_api::STS_TOKEN_FILE;
use source_api::names::CONTROLLER;

use crate::config::Config;
use crate::console;
use crate::metadata::text_map;
use crate::sample::{ACCOUNT, SERVICE, variable};

const ROLE_NAME: &str = "pod-identity.alibabacloud.com/role-name";

/// How RAM identifies the cluster's service accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rrsa {
    /// Number of the account.
    pub(crate) account_id: String,
    /// Region of MNS, whose STS is used.
    pub(crate) region: String,
    /// Name of the identity provider.
    pub(crate) provider: String,
    /// The cluster's issuer of tokens.
    pub(crate) issuer: String,
    /// STS, if it is not the region's.
    pub(crate) sts_endpoint: Option<String>,
}

/// A component that has a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Component {
    Controller,
    Adapter,
    FaceRecognition,
    Console,
}

impl Component {
    /// The components of a deployment.
    pub(crate) fn all(config: &Config) -> impl Iterator<Item = Self> {
        let console = config.console.then_some(Self::Console);
        [Self::Controller, Self::Adapter, Self::FaceRecognition]
            .into_iter()
            .chain(console)
    }

    /// Name of its role.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::Controller => "mnsoss-controller",
            Self::Adapter => "mnsoss-adapter",
            Self::FaceRecognition => "mnsoss-face-recognition",
            Self::Console => "mnsoss-console",
        }
    }

    /// Name of its ServiceAccount.
    pub(crate) fn account(self) -> &'static str {
        match self {
            Self::Controller => CONTROLLER,
            Self::Adapter => ACCOUNT,
            Self::FaceRecognition => SERVICE,
            Self::Console => console::NAME,
        }
    }

    /// Namespace of its ServiceAccount.
    pub(crate) fn namespace(self, config: &Config) -> &str {
        match self {
            Self::Controller => &config.controller_namespace,
            Self::Adapter | Self::FaceRecognition | Self::Console => &config.sample_namespace,
        }
    }
}

impl Rrsa {
    pub(crate) fn role_arn(&self, component: Component) -> String {
        format!("acs:ram::{}:role/{}", self.account_id, component.role())
    }

    pub(crate) fn provider_arn(&self) -> String {
        format!(
            "acs:ram::{}:oidc-provider/{}",
            self.account_id, self.provider
        )
    }

    /// Variables by which a component finds its role.
    pub(crate) fn variables(&self, component: Component) -> Vec<EnvVar> {
        let mut variables = vec![
            variable("ALIBABA_CLOUD_ROLE_ARN", &self.role_arn(component)),
            variable("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", &self.provider_arn()),
            variable("ALIBABA_CLOUD_OIDC_TOKEN_FILE", STS_TOKEN_FILE),
            variable("ALIBABA_CLOUD_STS_REGION", &self.region),
        ];
        let endpoint = self.sts_endpoint.as_ref();
        variables.extend(endpoint.map(|it| variable("ALIBABA_CLOUD_STS_ENDPOINT", it)));
        variables
    }
}

/// The ServiceAccount with its role's name, if there are roles.
pub(crate) fn annotated(
    mut account: ServiceAccount,
    config: &Config,
    component: Component,
) -> ServiceAccount {
    if config.rrsa.is_some() {
        let annotations: BTreeMap<_, _> = text_map(&[(ROLE_NAME, component.role())]);
        account.metadata.annotations = Some(annotations);
    }
    account
}
