//! The objects of Knative that are rendered, as far as they are.
//!
//! Their schemas are Knative's; fields that no manifest here sets are left out.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ContainerPort, EnvVar, Probe, ResourceRequirements, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use source_api::{DeliverySpec, ObjectReference};

/// A Broker, with everything else as the cluster has it by default.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Broker {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) metadata: ObjectMeta,
}

/// A Trigger.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trigger {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: TriggerSpec,
}

/// What a Trigger takes from which Broker, and who gets it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TriggerSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) broker: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) filters: Vec<EventFilter>,
    pub(crate) subscriber: Subscriber,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<DeliverySpec>,
}

/// Who gets events.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Subscriber {
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<ObjectReference>,
    /// A path at the address of `reference`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uri: Option<String>,
}

/// A condition on an event. Each has exactly one dialect.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventFilter {
    /// Attributes have these values.
    Exact(BTreeMap<String, String>),
    /// One of these holds.
    Any(Vec<EventFilter>),
    /// This does not hold.
    Not(Box<EventFilter>),
    /// An expression in the query language of CloudEvents.
    CeSql(String),
}

/// A Knative Service.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Service {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: ServiceSpec,
}

/// What runs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServiceSpec {
    pub(crate) template: RevisionTemplate,
}

/// One revision.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RevisionTemplate {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<ObjectMeta>,
    pub(crate) spec: RevisionSpec,
}

/// How a revision runs.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevisionSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container_concurrency: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_account_name: Option<String>,
    pub(crate) containers: Vec<RevisionContainer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) volumes: Vec<Volume>,
}

/// The one container of a revision. Unlike a pod's it needs no name.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevisionContainer {
    pub(crate) image: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) command: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) env: Vec<EnvVar>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ports: Vec<ContainerPort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) readiness_probe: Option<Probe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) liveness_probe: Option<Probe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<ResourceRequirements>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) security_context: Option<SecurityContext>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) volume_mounts: Vec<VolumeMount>,
}
