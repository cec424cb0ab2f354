//! `PodMonitor`s of the Prometheus operator, as far as they are used.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;
use source_api::names::{CONTROLLER, SOURCE_NAME_LABEL};

use crate::config::Config;
use crate::metadata::{adapter_selector, controller_selector, namespaced, ours, text_map};
use crate::sample;

/// Pods that are scraped.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PodMonitor {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_selector: Option<Namespaces>,
    selector: LabelSelector,
    pod_metrics_endpoints: [Endpoint; 1],
}

/// Namespaces other than the monitor's own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Namespaces {
    Any(bool),
    MatchNames([String; 1]),
}

#[derive(Serialize)]
struct Endpoint {
    /// Name of the container's port.
    port: &'static str,
    path: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relabelings: Vec<Relabeling>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relabeling {
    source_labels: [String; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    regex: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replacement: Option<String>,
    target_label: &'static str,
}

fn monitor(
    metadata: ObjectMeta,
    namespaces: Option<Namespaces>,
    labels: std::collections::BTreeMap<String, String>,
    port: &'static str,
    relabelings: Vec<Relabeling>,
) -> PodMonitor {
    PodMonitor {
        api_version: "monitoring.coreos.com/v1",
        kind: "PodMonitor",
        metadata: ours(metadata),
        spec: Spec {
            namespace_selector: namespaces,
            selector: LabelSelector {
                match_labels: Some(labels),
                ..LabelSelector::default()
            },
            pod_metrics_endpoints: [Endpoint {
                port,
                path: "/metrics",
                relabelings,
            }],
        },
    }
}

/// The controller's pods.
pub(crate) fn controller(config: &Config) -> PodMonitor {
    let metadata = namespaced(CONTROLLER, &config.controller_namespace);
    monitor(metadata, None, controller_selector(), "http", Vec::new())
}

/// The adapters of every namespace, each with the name of its source as label `source`.
pub(super) fn adapters(config: &Config) -> PodMonitor {
    let label = SOURCE_NAME_LABEL.replace(['.', '/', '-'], "_");
    let source = Relabeling {
        source_labels: [format!("__meta_kubernetes_pod_label_{label}")],
        regex: None,
        replacement: None,
        target_label: "source",
    };
    monitor(
        namespaced("mnsoss-adapters", &config.controller_namespace),
        Some(Namespaces::Any(true)),
        adapter_selector(),
        "http",
        vec![source],
    )
}

/// The face service. Knative admits one named port to a container, which is that of events; the
/// metrics are on the other.
pub(super) fn face(config: &Config) -> PodMonitor {
    let port = Relabeling {
        source_labels: ["__address__".to_owned()],
        regex: Some(r"(.+):\d+"),
        replacement: Some(format!("$1:{}", sample::HEALTH)),
        target_label: "__address__",
    };
    monitor(
        namespaced("face-recognition", &config.controller_namespace),
        Some(Namespaces::MatchNames([config.sample_namespace.clone()])),
        text_map(&[("serving.knative.dev/service", sample::SERVICE)]),
        "user-port",
        vec![port],
    )
}
