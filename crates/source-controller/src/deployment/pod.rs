//! The adapter's pods.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, HTTPGetAction, PodSecurityContext, PodSpec,
    PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext, Toleration,
    TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use source_api::{MnsOssSource, PodTemplate};

use super::certificates;
use super::credentials;
use super::document::{AdapterInputs, AdapterSettings};
use super::environment::variables;
use super::tokens;
use crate::source::Identity;

/// Where probes and metrics are answered.
pub(super) const PROBES: u16 = 8080;

const COMMAND: &str = "/source-adapter";
/// The adapter finishes deliveries for 20 s, and then releases the other messages.
const GRACE_SECONDS: i64 = 30;
const ISTIO: &str = "sidecar.istio.io/inject";

pub(super) fn template(
    source: &MnsOssSource,
    identity: &Identity,
    labels: &BTreeMap<String, String>,
    inputs: &AdapterInputs<'_>,
    settings: &AdapterSettings,
) -> PodTemplateSpec {
    let asked = source.spec.template.clone().unwrap_or_default();
    let mounted = [
        credentials::volume(&source.spec),
        tokens::volume(inputs),
        Some(certificates::volume(identity)),
    ];
    let (volumes, mounts): (Vec<_>, Vec<_>) = mounted.into_iter().flatten().unzip();
    let container = Container {
        env: Some(variables(source, identity, inputs, settings)),
        volume_mounts: Some(mounts).filter(|mounts| !mounts.is_empty()),
        ..container(&asked, settings)
    };
    let PodTemplate {
        labels: more_labels,
        annotations,
        resources: _,
        node_selector,
        tolerations,
    } = asked;
    let tolerations: Vec<Toleration> = tolerations.iter().map(Toleration::from).collect();
    let spec = PodSpec {
        service_account_name: Some(tokens::service_account(&source.spec, identity, inputs)),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        security_context: Some(pod_security()),
        node_selector: Some(node_selector).filter(|selector| !selector.is_empty()),
        topology_spread_constraints: Some(vec![spread(labels)]),
        tolerations: Some(tolerations).filter(|tolerations| !tolerations.is_empty()),
        containers: vec![container],
        volumes: Some(volumes).filter(|volumes| !volumes.is_empty()),
        ..PodSpec::default()
    };
    // Ours come last: a Deployment whose selector does not match its pods creates new ones for ever.
    let mesh = [(ISTIO.to_owned(), "true".to_owned())];
    let injection = credentials::needs_webhook(&source.spec).then_some(credentials::INJECTION);
    let injection = injection.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let all_labels = mesh.clone().into_iter().chain(more_labels);
    let all_labels = all_labels.chain(injection);
    let all_labels = all_labels.chain(labels.clone()).collect();
    let annotations = mesh.into_iter().chain(annotations).collect();
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(all_labels),
            annotations: Some(annotations),
            ..ObjectMeta::default()
        }),
        spec: Some(spec),
    }
}

/// Spreads the consumers of a source over different nodes, if there are several.
fn spread(labels: &BTreeMap<String, String>) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(LabelSelector {
            match_labels: Some(labels.clone()),
            ..LabelSelector::default()
        }),
        // Pods that a rollout is about to replace do not count.
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        ..TopologySpreadConstraint::default()
    }
}

/// The container without its configuration.
fn container(asked: &PodTemplate, settings: &AdapterSettings) -> Container {
    Container {
        name: "adapter".to_owned(),
        image: Some(settings.image.clone()),
        command: Some(vec![COMMAND.to_owned()]),
        ports: Some(vec![ContainerPort {
            name: Some("http".to_owned()),
            container_port: PROBES.into(),
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]),
        liveness_probe: Some(probe("/health")),
        readiness_probe: Some(probe("/readiness")),
        resources: Some(asked.resources.as_ref().map_or_else(resources, Into::into)),
        security_context: Some(container_security()),
        ..Container::default()
    }
}

fn probe(path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::Int(PROBES.into()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(10),
        timeout_seconds: Some(3),
        ..Probe::default()
    }
}

/// Resources of a busy adapter; an idle one needs next to nothing.
fn resources() -> ResourceRequirements {
    let quantities = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        Some(
            pairs
                .map(|(name, amount)| ((*name).to_owned(), Quantity((*amount).to_owned())))
                .collect(),
        )
    };
    ResourceRequirements {
        requests: quantities(&[("cpu", "20m"), ("memory", "32Mi")]),
        limits: quantities(&[("memory", "128Mi")]),
        ..ResourceRequirements::default()
    }
}

fn pod_security() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..PodSecurityContext::default()
    }
}

fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        ..SecurityContext::default()
    }
}
