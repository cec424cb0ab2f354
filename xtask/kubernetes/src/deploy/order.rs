//! In which order objects are applied; they are removed in the opposite one.
//!
//! Objects that others need come first: namespaces, definitions, rights, configuration, then
//! what runs, then what is reconciled by what runs.

use super::identity::Identity;

/// Kinds by their place. What is not listed comes after all of these: it is of some
/// operator, and needs everything else.
const ORDER: [&str; 18] = [
    "Namespace",
    "CustomResourceDefinition",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Secret",
    "ConfigMap",
    "ServiceEntry",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Deployment",
    "Broker",
    "Service",
    "Trigger",
    "HorizontalPodAutoscaler",
    "MnsOssSource",
];

/// The object's place; lower ones are applied earlier.
pub(crate) fn place(object: &Identity) -> usize {
    ORDER
        .iter()
        .position(|kind| *kind == object.kind)
        .unwrap_or(ORDER.len())
}

/// Kinds that are in no namespace.
const CLUSTER_WIDE: [&str; 4] = [
    "Namespace",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
];

/// Whether the object is in no namespace.
pub(crate) fn is_cluster_wide(object: &Identity) -> bool {
    CLUSTER_WIDE.contains(&object.kind.as_str())
}

/// Kinds without which the others cannot even be sent.
pub(crate) fn is_foundation(object: &Identity) -> bool {
    place(object) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_come_after_what_they_need_and_unknown_kinds_last() {
        let of = |kind: &str| {
            place(&Identity {
                api_version: "v1".to_owned(),
                kind: kind.to_owned(),
                namespace: None,
                name: "x".to_owned(),
            })
        };
        assert!(of("Namespace") < of("Secret"));
        assert!(of("CustomResourceDefinition") < of("MnsOssSource"));
        assert!(of("Broker") < of("MnsOssSource"));
        assert!(of("MnsOssSource") < of("SomethingNew"));
    }
}
