//! The identity of an object in a cluster.

use std::fmt;

use kube::api::DynamicObject;
use kube::core::{GroupVersionKind, TypeMeta};
use serde::{Deserialize, Serialize};

/// Identifies one object, in messages and in inventories.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    /// None for what belongs to the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl Identity {
    /// Of an object that was rendered or read; both have a type and a name.
    pub(crate) fn of(object: &DynamicObject) -> Self {
        let types = object.types.clone().unwrap_or_default();
        Self {
            api_version: types.api_version,
            kind: types.kind,
            namespace: object.metadata.namespace.clone(),
            name: object.metadata.name.clone().unwrap_or_default(),
        }
    }

    /// As kube's type; `None` if the API version has more than one slash.
    pub(crate) fn kind(&self) -> Option<GroupVersionKind> {
        let types = TypeMeta {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
        };
        GroupVersionKind::try_from(types).ok()
    }

    /// The API group; empty for the core.
    pub(crate) fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _version)| group)
    }

    /// The command that shows more.
    pub(crate) fn describe(&self) -> String {
        let kind = self.kind.to_lowercase();
        let group = self.group();
        // Knative and Kubernetes both have a Service, so the group is named where there is one.
        let kind = if group.is_empty() {
            kind
        } else {
            format!("{kind}.{group}")
        };
        let name = &self.name;
        match &self.namespace {
            Some(namespace) => format!("kubectl -n {namespace} describe {kind} {name}"),
            None => format!("kubectl describe {kind} {name}"),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, .. } = self;
        match &self.namespace {
            Some(namespace) => write!(f, "{kind} {namespace}/{name}"),
            None => write!(f, "{kind} {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_read_like_kubectl() {
        let table = [
            (
                "apps/v1",
                "Deployment",
                Some("ns"),
                "Deployment ns/x",
                "kubectl -n ns describe deployment.apps x",
            ),
            (
                "v1",
                "Secret",
                Some("ns"),
                "Secret ns/x",
                "kubectl -n ns describe secret x",
            ),
            (
                "v1",
                "Namespace",
                None,
                "Namespace x",
                "kubectl describe namespace x",
            ),
            (
                "serving.knative.dev/v1",
                "Service",
                Some("ns"),
                "Service ns/x",
                "kubectl -n ns describe service.serving.knative.dev x",
            ),
        ];
        for (api_version, kind, namespace, shown, described) in table {
            let identity = Identity {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                namespace: namespace.map(ToOwned::to_owned),
                name: "x".to_owned(),
            };
            assert_eq!(identity.to_string(), shown);
            assert_eq!(identity.describe(), described);
        }
    }
}
