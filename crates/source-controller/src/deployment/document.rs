//! The Deployment of a source's adapter. Pure.
//!
//! Everything that the adapter needs comes through variables and one mounted Secret, so its
//! pods have no permissions in the cluster. They pass the `restricted` Pod Security profile.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use kube::Resource as _;
use mns::{Endpoint, QueueName};
use sha2::{Digest as _, Sha256};
use source_api::{Delivery, MnsOssSource, TemplateKeys, names};

use super::credentials::CloudVariables;
use super::pod;
use crate::drift::json;
use crate::knative_config::KnativeConfig;
use crate::sink::ResolvedSink;
use crate::source::Identity;

/// Annotation with the hash of what was applied, so that a field that is no longer desired is a
/// difference too.
const APPLIED: &str = "sources.eventing.knative.dev/applied";
/// Old `ReplicaSet`s to keep: enough to roll back.
const HISTORY: i32 = 2;

/// Settings that all adapters have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterSettings {
    /// The image with the adapter in it.
    pub image: String,
    /// Log filter of adapters (`RUST_LOG`), if not from Knative.
    pub log_filter: Option<String>,
    /// Format of adapters' log lines (`LOG_FORMAT`).
    pub log_format: String,
    /// Collector of their traces (`OTEL_EXPORTER_OTLP_ENDPOINT`).
    pub otlp_endpoint: Option<String>,
    /// Which part of all traces they record (`OTEL_TRACES_SAMPLER_ARG`).
    pub traces_sampling_rate: Option<String>,
    /// Labels and annotations that users may give them.
    pub template_keys: TemplateKeys,
    /// How they reach STS.
    pub cloud: CloudVariables,
}

/// The configuration of one adapter.
#[derive(Clone, Copy, Debug)]
pub struct AdapterInputs<'a> {
    /// The sink.
    pub sink: &'a ResolvedSink,
    /// The dead letter sink.
    pub dead_letter_sink: Option<&'a ResolvedSink>,
    /// How events are delivered.
    pub delivery: &'a Delivery,
    /// Knative's settings for all adapters.
    pub knative_config: &'a KnativeConfig,
    /// The queue.
    pub queue: &'a QueueName,
    /// The endpoint of MNS.
    pub endpoint: &'a Endpoint,
}

/// The desired Deployment of an adapter.
#[must_use]
pub fn deployment(
    source: &MnsOssSource,
    identity: &Identity,
    inputs: &AdapterInputs<'_>,
    settings: &AdapterSettings,
) -> Deployment {
    let labels = labels(identity);
    let spec = DeploymentSpec {
        replicas: Some(source.spec.consumers.max(0)),
        revision_history_limit: Some(HISTORY),
        selector: LabelSelector {
            match_labels: Some(labels.clone()),
            ..LabelSelector::default()
        },
        template: pod::template(source, identity, &labels, inputs, settings),
        ..DeploymentSpec::default()
    };
    let mut deployment = Deployment {
        metadata: ObjectMeta {
            name: Some(identity.adapter_name()),
            namespace: Some(identity.namespace.clone()),
            labels: Some(labels),
            owner_references: Some(vec![owner(identity, true)]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    };
    let hash = hash(&deployment);
    deployment.metadata.annotations = Some(BTreeMap::from([(APPLIED.to_owned(), hash)]));
    deployment
}

/// The label selector of a source's pods, as the scale subresource wants it.
#[must_use]
pub fn selector(identity: &Identity) -> String {
    let pairs: Vec<_> = labels(identity)
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join(",")
}

/// A reference to the source, so that Kubernetes deletes the object with it. Only the one
/// controlling owner decides what is in an object.
pub(crate) fn owner(identity: &Identity, is_controller: bool) -> OwnerReference {
    OwnerReference {
        api_version: MnsOssSource::api_version(&()).into_owned(),
        kind: MnsOssSource::kind(&()).into_owned(),
        name: identity.name.clone(),
        uid: identity.uid.clone(),
        controller: is_controller.then_some(true),
        block_owner_deletion: is_controller.then_some(true),
    }
}

/// The labels that select a source's pods. A Deployment's selector cannot change, so neither can
/// these.
pub(crate) fn labels(identity: &Identity) -> BTreeMap<String, String> {
    BTreeMap::from([
        (names::SOURCE_LABEL.to_owned(), names::CONTROLLER.to_owned()),
        (
            names::SOURCE_NAME_LABEL.to_owned(),
            names::label_value(&identity.name),
        ),
    ])
}

fn hash(deployment: &Deployment) -> String {
    let digest = Sha256::digest(json(deployment).to_string());
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}
