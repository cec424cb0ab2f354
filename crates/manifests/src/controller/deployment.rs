//! The controller's Deployment. Its pods pass the `restricted` Pod Security profile.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvVar, EnvVarSource, ObjectFieldSelector, PodSecurityContext,
    PodSpec, PodTemplateSpec, SeccompProfile,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use source_api::names::CONTROLLER;

use super::scaler;
use crate::config::Config;
use crate::metadata::{controller_selector, namespaced, ours, text_map};
use crate::pod::{container_security, probe, resources};
use crate::rrsa::Component;

/// The variable that holds the adapters' image.
pub(super) const ADAPTER_IMAGE: &str = "ADAPTER_IMAGE";

/// Where `/health`, `/readiness` and `/metrics` are served.
pub(crate) const PORT: u16 = 8080;
/// Reconciles in progress get 15 s to finish, and releasing the lease takes a moment.
const GRACE_SECONDS: i64 = 30;

pub(super) fn deployment(config: &Config) -> Deployment {
    let metadata = ours(namespaced(CONTROLLER, &config.controller_namespace));
    let mut labels = metadata.labels.clone().unwrap_or_default();
    labels.extend(controller_selector());
    Deployment {
        metadata: ObjectMeta {
            labels: Some(labels.clone()),
            ..metadata
        },
        spec: Some(DeploymentSpec {
            replicas: Some(config.controller_replicas),
            selector: LabelSelector {
                match_labels: Some(controller_selector()),
                ..LabelSelector::default()
            },
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels),
                    annotations: Some(scraped()),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod(config)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// Prometheus finds pods by these in most clusters.
fn scraped() -> BTreeMap<String, String> {
    text_map(&[
        ("prometheus.io/path", "/metrics"),
        ("prometheus.io/port", &PORT.to_string()),
        ("prometheus.io/scrape", "true"),
    ])
}

fn pod(config: &Config) -> PodSpec {
    let (volume, mount) = config
        .rrsa
        .as_ref()
        .map(|_| source_api::sts_token())
        .unzip();
    PodSpec {
        service_account_name: Some(CONTROLLER.to_owned()),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        containers: vec![Container {
            volume_mounts: mount.map(|mount| vec![mount]),
            ..container(config)
        }],
        volumes: volume.map(|volume| vec![volume]),
        ..PodSpec::default()
    }
}

fn container(config: &Config) -> Container {
    Container {
        name: "controller".to_owned(),
        image: Some(config.source_image.clone()),
        command: Some(vec!["/source-controller".to_owned()]),
        env: Some(environment(config)),
        ports: Some(ports(config)),
        liveness_probe: Some(probe("/health", PORT)),
        readiness_probe: Some(probe("/readiness", PORT)),
        resources: Some(resources(
            &[("cpu", "50m"), ("memory", "64Mi")],
            &[("memory", "256Mi")],
        )),
        security_context: Some(container_security()),
        ..Container::default()
    }
}

fn ports(config: &Config) -> Vec<ContainerPort> {
    let http = ContainerPort {
        name: Some("http".to_owned()),
        container_port: PORT.into(),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    };
    let scaler = config.keda.then(scaler::port);
    [http].into_iter().chain(scaler).collect()
}

fn environment(config: &Config) -> Vec<EnvVar> {
    let value = |name: &str, value: &str| EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        value_from: None,
    };
    let scope = [
        ("WATCH_NAMESPACES", config.controller_namespaces.join(",")),
        (
            "ALLOW_PRIVATE_ENDPOINTS",
            config.controller_private_endpoints.clone(),
        ),
        (
            "ALLOW_TEMPLATE_KEYS",
            config.controller_template_keys.to_string(),
        ),
        (
            "MNS_OPEN_ENDPOINT",
            config.mns_open_endpoint.clone().unwrap_or_default(),
        ),
        (
            "ADAPTER_OTLP_ENDPOINT",
            config.traces_endpoint.clone().unwrap_or_default(),
        ),
        (
            "ADAPTER_TRACES_SAMPLING_RATE",
            config.traces_sampling_rate.clone().unwrap_or_default(),
        ),
    ];
    let scope = scope.iter().filter(|(_, text)| !text.is_empty());
    let scope = scope.map(|(name, text)| value(name, text));
    let mut variables = vec![
        value(ADAPTER_IMAGE, &config.source_image),
        of_pod("POD_NAME", "metadata.name"),
        of_pod("POD_NAMESPACE", "metadata.namespace"),
        value("CONTROLLER_LISTEN", &format!("0.0.0.0:{PORT}")),
        value(
            "CONTROLLER_RESYNC_SECONDS",
            &config.controller_resync_seconds.to_string(),
        ),
        value("LOG_FORMAT", "json"),
        value("RUST_LOG", &config.controller_log_filter),
    ];
    variables.extend(scope);
    if config.keda {
        let scaler = scaler::variables(config);
        variables.extend(scaler.iter().map(|(name, text)| value(name, text)));
    }
    if let Some(rrsa) = &config.rrsa {
        variables.push(value("CLOUD_IDENTITY_NAMESPACES", &config.sample_namespace));
        variables.extend(rrsa.variables(Component::Controller));
    }
    variables
}

/// A variable that the kubelet fills in.
fn of_pod(name: &str, field: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                field_path: field.to_owned(),
                ..ObjectFieldSelector::default()
            }),
            ..EnvVarSource::default()
        }),
    }
}
