//! The settings that users may change of the adapter's pods.
//!
//! The security context, probes and volumes are not among them: the adapter needs them to work and
//! to be safe.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube_derive::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{rules, schema};

/// Settings for the pods that receive and deliver.
#[derive(Clone, Debug, Default, PartialEq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct PodTemplate {
    /// Labels to add. Those that the controller sets itself cannot be changed. Keys must be
    /// plain words such as `team`, or of `app.kubernetes.io` or `prometheus.io`, because others
    /// can change what the pod runs; administrators may allow more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels")]
    #[x_kube(
        validation = rules::qualified_keys(),
        validation = rules::template_keys(),
        validation = rules::label_values(),
    )]
    pub labels: BTreeMap<String, String>,
    /// Annotations to add, with keys as for `labels`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "annotations")]
    #[x_kube(validation = rules::qualified_keys(), validation = rules::template_keys())]
    pub annotations: BTreeMap<String, String>,
    /// CPU and memory of the adapter's container. Replaces the controller's defaults as a
    /// whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels")]
    #[x_kube(validation = rules::qualified_keys(), validation = rules::label_values())]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that the pods tolerate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub tolerations: Vec<Toleration>,
}

/// CPU and memory of a container.
#[derive(Clone, Debug, Default, PartialEq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// What the scheduler reserves, such as `cpu: 50m` and `memory: 32Mi`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    #[x_kube(validation = rules::qualified_keys())]
    pub requests: BTreeMap<String, Quantity>,
    /// What the container may use at most, such as `memory: 64Mi`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    #[x_kube(validation = rules::qualified_keys())]
    pub limits: BTreeMap<String, Quantity>,
}

/// A taint that a pod tolerates.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(
    crates(kube_core = ::kube_core),
    validation = rules::toleration_of_any_key(),
    validation = rules::toleration_exists(),
    validation = rules::toleration_seconds(),
)]
#[serde(rename_all = "camelCase")]
pub struct Toleration {
    /// Key of the taint; any key if absent, and then `operator` must be `Exists`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 316))]
    pub key: Option<String>,
    /// How the value is compared: `Equal` (the default) or `Exists`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<TolerationOperator>,
    /// Value of the taint, for `Equal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub value: Option<String>,
    /// Effect of the taint: `NoSchedule`, `PreferNoSchedule` or `NoExecute`; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,
    /// How long a pod may stay on a node with this taint, in seconds; for ever if absent.
    /// Only with `effect: NoExecute`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub toleration_seconds: Option<i64>,
}

/// How the value of a taint is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum TolerationOperator {
    /// The values are the same.
    Equal,
    /// Any value will do.
    Exists,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum TaintEffect {
    /// New pods stay away.
    NoSchedule,
    /// New pods stay away if they can.
    PreferNoSchedule,
    /// Pods are evicted too.
    NoExecute,
}

impl From<&Resources> for v1::ResourceRequirements {
    fn from(resources: &Resources) -> Self {
        let Resources { requests, limits } = resources;
        let filled = |map: &BTreeMap<_, _>| (!map.is_empty()).then(|| map.clone());
        Self {
            requests: filled(requests),
            limits: filled(limits),
            ..Self::default()
        }
    }
}

impl From<&Toleration> for v1::Toleration {
    fn from(toleration: &Toleration) -> Self {
        let Toleration {
            key,
            operator,
            value,
            effect,
            toleration_seconds,
        } = toleration;
        Self {
            key: key.clone(),
            operator: operator.map(|operator| format!("{operator:?}")),
            value: value.clone(),
            effect: effect.map(|effect| format!("{effect:?}")),
            toleration_seconds: *toleration_seconds,
        }
    }
}

fn labels(_: &mut SchemaGenerator) -> Schema {
    schema::text_map(32, 63)
}

fn annotations(_: &mut SchemaGenerator) -> Schema {
    schema::text_map(32, 4096)
}

/// Whole numbers, and text such as `500m`, as for any container.
fn quantities(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": {
            "x-kubernetes-int-or-string": true,
            "minimum": 0,
            "maxLength": 32,
            "pattern": "^[0-9]+([.][0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$",
        },
    })
}
