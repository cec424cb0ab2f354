//! The values of the chart: what they are, and what they may be.
//!
//! `values.yaml` and `values.schema.json` are both made from one type, so that neither lacks
//! what the other has.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::file;
use crate::config::Config;
use crate::file::{File, ORIGIN};
use crate::yaml::comment;

/// What can be set when the chart is installed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Values {
    image: Image,
    /// Replicas of the controller; one is the leader and the others stand by.
    #[schemars(range(min = 1, max = 9))]
    replicas: i32,
    /// What the controller logs: a level, or `target=level` pairs.
    #[schemars(length(min = 1))]
    log_filter: String,
    /// Resync interval in seconds. A change made directly in MNS is corrected at the next resync at
    /// the latest.
    #[schemars(range(min = 1, max = 86_400))]
    resync_seconds: u32,
    /// Namespaces whose sources the controller reconciles. It gets permissions there and nowhere
    /// else; those of the whole cluster if empty.
    #[schemars(inner(regex(pattern = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")))]
    watch_namespaces: Vec<String>,
    /// Private networks such as `10.0.0.0/8` in which MNS endpoints are allowed; Alibaba Cloud's own
    /// endpoints are always allowed.
    #[schemars(inner(regex(pattern = "^[0-9a-fA-F.:]+/[0-9]{1,3}$")))]
    private_endpoints: Vec<String>,
    /// Endpoint of the MNS OpenAPI, in which event rules are; that of the region if empty.
    #[schemars(regex(pattern = "^(https?://[^ \\t]+)?$"))]
    mns_open_endpoint: String,
    traces: Traces,
    rrsa: Rrsa,
    keda: Keda,
    crds: Crds,
    network_policy: NetworkPolicy,
    disruption_budget: Switch,
    pod_monitor: PodMonitor,
    service_account: ServiceAccount,
    /// Labels of the nodes that the controller may run on.
    node_selector: BTreeMap<String, String>,
    /// Taints of nodes that the controller tolerates, as in a pod.
    tolerations: Vec<BTreeMap<String, Value>>,
}

/// The image with the controller and the adapter; adapters run the controller's.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Image {
    /// Registry and name.
    #[schemars(regex(pattern = "^[^:@ \\t]+(:[0-9]+/[^:@ \\t]+)?$"))]
    repository: String,
    /// Tag; the chart's `appVersion` if empty.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.-]{0,128}$"))]
    tag: String,
    /// Digest, such as `sha256:` and 64 hexadecimal digits; none if empty.
    #[schemars(regex(pattern = "^(sha256:[0-9a-f]{64})?$"))]
    digest: String,
}

/// Traces of the adapters.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Traces {
    /// Collector of OpenTelemetry that accepts OTLP over HTTP; if empty, the one in Knative's
    /// `config-observability`.
    #[schemars(regex(pattern = "^(https?://[^ \\t]+)?$"))]
    endpoint: String,
    /// Which part of all traces is recorded, such as `0.1`; all if empty.
    #[schemars(regex(pattern = "^(0(\\.[0-9]+)?|1(\\.0+)?)?$"))]
    sampling_rate: String,
}

/// The controller's role in RAM, for sources that have no Secret. The pod gets a token for it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rrsa {
    /// ARN of the role; without one, every source needs a Secret.
    #[schemars(regex(pattern = "^(acs:ram::[0-9]+:role/[^ \\t]+)?$"))]
    role_arn: String,
    /// ARN of the cluster's identity provider in RAM.
    #[schemars(regex(pattern = "^(acs:ram::[0-9]+:oidc-provider/[^ \\t]+)?$"))]
    provider_arn: String,
    /// Region of STS.
    sts_region: String,
    /// Host or URL of STS; that of the region if empty.
    sts_endpoint: String,
    /// Namespaces whose sources need no Secret. Anyone who may create sources there can use the
    /// permissions of the controller's role.
    #[schemars(inner(regex(pattern = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")))]
    namespaces: Vec<String>,
}

/// Scaling of adapters by KEDA, for sources whose annotations request it.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keda {
    /// Whether the controller gets a port for KEDA's calls and the permission to create a
    /// `ScaledObject` for each of them.
    enabled: bool,
    /// Namespace of KEDA's pods; no others reach that port.
    #[schemars(regex(pattern = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"))]
    namespace: String,
}

/// Objects that a cluster has once: the definition of `MnsOssSource` and the aggregated roles.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Crds {
    /// Whether this release brings them; a second release in a cluster does not. The definition
    /// stays when the release is removed, and with it every source.
    install: bool,
}

/// Connections that are allowed to and from the controller's pods.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NetworkPolicy {
    /// Whether there is one.
    enabled: bool,
    /// Ports of API servers and of MNS. DNS is always among them.
    #[schemars(inner(range(min = 1, max = 65_535)))]
    egress_ports: Vec<u16>,
}

/// `PodDisruptionBudget` of the controller.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Switch {
    /// Whether there is one.
    enabled: bool,
}

/// `PodMonitor` of the controller, for the Prometheus operator.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PodMonitor {
    /// Whether there is one; the operator must be installed.
    enabled: bool,
    /// Labels by which Prometheus finds it.
    labels: BTreeMap<String, String>,
}

/// The controller's `ServiceAccount`.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ServiceAccount {
    /// Its annotations.
    annotations: BTreeMap<String, String>,
}

fn default_values(config: &Config) -> Values {
    let repository = config.source_image.rsplit_once(':');
    let repository = repository.map_or(config.source_image.as_str(), |(name, _)| name);
    Values {
        image: Image {
            repository: repository.to_owned(),
            tag: String::new(),
            digest: String::new(),
        },
        replicas: config.controller_replicas,
        log_filter: config.controller_log_filter.clone(),
        resync_seconds: config.controller_resync_seconds,
        watch_namespaces: Vec::new(),
        private_endpoints: Vec::new(),
        mns_open_endpoint: String::new(),
        traces: Traces {
            endpoint: String::new(),
            sampling_rate: String::new(),
        },
        rrsa: Rrsa {
            role_arn: String::new(),
            provider_arn: String::new(),
            sts_region: String::new(),
            sts_endpoint: String::new(),
            namespaces: Vec::new(),
        },
        keda: Keda {
            enabled: config.keda,
            namespace: config.keda_namespace.clone(),
        },
        crds: Crds { install: true },
        network_policy: NetworkPolicy {
            enabled: true,
            egress_ports: config.controller_egress_ports.clone(),
        },
        disruption_budget: Switch { enabled: true },
        pod_monitor: PodMonitor {
            enabled: false,
            labels: BTreeMap::new(),
        },
        service_account: ServiceAccount {
            annotations: BTreeMap::new(),
        },
        node_selector: BTreeMap::new(),
        tolerations: Vec::new(),
    }
}

/// Draft 7 is the one that every Helm knows.
fn generated() -> Schema {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Values>()
}

/// `values.schema.json`.
pub(super) fn schema() -> File {
    let schema = format!("{:#}\n", generated().to_value());
    file("chart/values.schema.json", schema)
}

/// `values.yaml`, with the words of the schema as comments.
pub(super) fn defaults(config: &Config) -> File {
    let mut text = comment(ORIGIN);
    write(
        &generated().to_value(),
        &json!(default_values(config)),
        "",
        &mut text,
    );
    file("chart/values.yaml", text)
}

fn write(schema: &Value, values: &Value, margin: &str, text: &mut String) {
    for (name, value) in values.as_object().into_iter().flatten() {
        let schema = &schema["properties"][name];
        let description = comment(schema["description"].as_str().unwrap_or_default());
        for line in description.lines() {
            text.extend([margin, line, "\n"]);
        }
        if schema["properties"].is_object() {
            text.extend([margin, name, ":\n"]);
            write(schema, value, &format!("{margin}  "), text);
        } else {
            text.extend([margin, name, ": ", &value.to_string(), "\n"]);
        }
    }
}

/// The path of every value that is not a group of others.
#[cfg(test)]
pub(super) fn paths() -> Vec<String> {
    fn collect(schema: &Value, prefix: &str, paths: &mut Vec<String>) {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{prefix}{name}");
            if schema["properties"].is_object() {
                collect(schema, &format!("{path}."), paths);
            } else {
                paths.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    collect(&generated().to_value(), "", &mut paths);
    paths
}
