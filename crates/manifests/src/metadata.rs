//! Names and labels of what is rendered.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use source_api::names::{CONTROLLER, SOURCE_LABEL};

/// What the controller and everything of it is part of.
const PART_OF: &str = "mnsoss-source";

/// The version of the project, and of its images.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A name.
pub(crate) fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    }
}

/// A name in a namespace.
pub(crate) fn namespaced(name: &str, namespace: &str) -> ObjectMeta {
    ObjectMeta {
        namespace: Some(namespace.to_owned()),
        ..named(name)
    }
}

/// The name of a cluster-scoped object that is about one namespace. It has the namespace in it
/// unless that is the default one, so that two deployments never share it.
pub(crate) fn cluster_wide(name: &str, namespace: &str, default: &str) -> ObjectMeta {
    if namespace == default {
        named(name)
    } else {
        named(&format!("{name}-{namespace}"))
    }
}

/// The same with labels that say what it belongs to.
pub(crate) fn ours(metadata: ObjectMeta) -> ObjectMeta {
    with_labels(
        metadata,
        &[
            ("app.kubernetes.io/part-of", PART_OF),
            ("app.kubernetes.io/version", VERSION),
        ],
    )
}

/// Labels that find the controller's pods. They may never change.
pub(crate) fn controller_selector() -> BTreeMap<String, String> {
    text_map(&[("app.kubernetes.io/name", CONTROLLER)])
}

/// Labels that find every adapter in a namespace.
pub(crate) fn adapter_selector() -> BTreeMap<String, String> {
    text_map(&[(SOURCE_LABEL, CONTROLLER)])
}

/// Adds labels.
pub(crate) fn with_labels(metadata: ObjectMeta, labels: &[(&str, &str)]) -> ObjectMeta {
    let mut all = metadata.labels.clone().unwrap_or_default();
    all.extend(text_map(labels));
    ObjectMeta {
        labels: Some(all),
        ..metadata
    }
}

/// A map from text to text.
pub(crate) fn text_map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|&(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
