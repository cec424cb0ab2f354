//! Parts of roles and bindings that all our own have in common.

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_saphyr::Commented;

/// The API group of sources.
pub(crate) const GROUP: &str = "sources.eventing.knative.dev";
/// Sources, as rules name them.
pub(crate) const SOURCES: &str = "mnsosssources";

/// A role whose rules have comments.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    rules: Vec<Commented<PolicyRule>>,
}

impl Role {
    pub(crate) fn cluster(metadata: ObjectMeta, rules: Vec<Commented<PolicyRule>>) -> Self {
        Self {
            api_version: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            metadata,
            rules,
        }
    }

    pub(crate) fn namespaced(metadata: ObjectMeta, rules: Vec<Commented<PolicyRule>>) -> Self {
        Self {
            kind: "Role",
            ..Self::cluster(metadata, rules)
        }
    }
}

/// A rule, with a comment on its use.
pub(crate) fn rule(
    user: &str,
    group: &str,
    resources: &[&str],
    verbs: &[&str],
) -> Commented<PolicyRule> {
    let texts = |texts: &[&str]| Some(texts.iter().map(|&text| text.to_owned()).collect());
    let rule = PolicyRule {
        api_groups: texts(&[group]),
        resources: texts(resources),
        verbs: texts(verbs).unwrap_or_default(),
        ..PolicyRule::default()
    };
    Commented(rule, user.to_owned())
}

/// A role, as bindings refer to it.
pub(crate) fn role(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        api_group: "rbac.authorization.k8s.io".to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}
