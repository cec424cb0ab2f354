//! What the tests on a cluster apply beside the sample: the emulator, and a cluster for it.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, Namespace, PodSpec, PodTemplateSpec, Service, ServicePort,
    ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;

use crate::file::File;
use crate::metadata::{VERSION, named, namespaced, text_map, with_labels};
use crate::pod::{container_security, probe, resources};
use crate::yaml::RenderError;

const NAME: &str = "emulator";
const NAMESPACE: &str = "mnsoss-emulator";
const SELECTOR: (&str, &str) = ("app.kubernetes.io/name", NAME);

/// The emulator's listeners.
const PORTS: [(&str, u16); 6] = [
    ("oss", 8901),
    ("mns", 8902),
    ("face", 8903),
    ("admin", ADMIN),
    ("mns-open", 8905),
    ("sts", 8906),
];
const ADMIN: u16 = 8904;

/// A cluster as kind creates it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cluster {
    kind: &'static str,
    api_version: &'static str,
    nodes: [Node; 1],
    networking: Networking,
}

#[derive(Serialize)]
struct Node {
    role: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Networking {
    api_server_address: &'static str,
}

/// What is checked in under `e2e/`.
///
/// # Errors
/// Permanent, and a defect of this crate: an object has no YAML form.
pub fn testing() -> Result<Vec<File>, RenderError> {
    Ok(vec![
        File::new(
            "emulator.yaml",
            "The emulator inside a cluster under test, without storage: it forgets everything when it\n\
             restarts. There is one pod, because two would not know of each other's queues.",
        )
        .with(&namespace())?
        .with(&deployment())?
        .with(&service())?,
        File::new(
            "kind.yaml",
            "One node, as Knative's own tests run on; its image and version are in `versions.toml`. The API\n\
             server can be reached from this machine only.",
        )
        .with(&cluster())?,
    ])
}

/// Only pods that pass the strictest profile may run here.
fn namespace() -> Namespace {
    let level = ("pod-security.kubernetes.io/enforce", "restricted");
    Namespace {
        metadata: with_labels(named(NAMESPACE), &[level]),
        ..Namespace::default()
    }
}

fn deployment() -> Deployment {
    let pod = PodSpec {
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        containers: vec![container()],
        ..PodSpec::default()
    };
    Deployment {
        metadata: namespaced(NAME, NAMESPACE),
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            strategy: Some(DeploymentStrategy {
                type_: Some("Recreate".to_owned()),
                ..DeploymentStrategy::default()
            }),
            selector: LabelSelector {
                match_labels: Some(text_map(&[SELECTOR])),
                ..LabelSelector::default()
            },
            template: PodTemplateSpec {
                metadata: Some(with_labels(ObjectMeta::default(), &[SELECTOR])),
                spec: Some(pod),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn container() -> Container {
    let listen = PORTS.map(|(name, port)| format!("--{name}=0.0.0.0:{port}"));
    let host = format!("--oss-host={NAME}.{NAMESPACE}.svc.cluster.local");
    let port = |(name, port): (&str, u16)| ContainerPort {
        name: Some(name.to_owned()),
        container_port: port.into(),
        ..ContainerPort::default()
    };
    Container {
        name: NAME.to_owned(),
        image: Some(format!("dev.local/mnsoss/emulator:{VERSION}")),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        args: Some(listen.into_iter().chain([host]).collect()),
        ports: Some(PORTS.map(port).into()),
        readiness_probe: Some(probe("/health", ADMIN)),
        resources: Some(resources(
            &[("cpu", "100m"), ("memory", "64Mi")],
            &[("memory", "1Gi")],
        )),
        security_context: Some(container_security()),
        ..Container::default()
    }
}

fn service() -> Service {
    let port = |(name, port): (&str, u16)| ServicePort {
        name: Some(name.to_owned()),
        port: port.into(),
        ..ServicePort::default()
    };
    Service {
        metadata: namespaced(NAME, NAMESPACE),
        spec: Some(ServiceSpec {
            selector: Some(text_map(&[SELECTOR])),
            ports: Some(PORTS.map(port).into()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn cluster() -> Cluster {
    Cluster {
        kind: "Cluster",
        api_version: "kind.x-k8s.io/v1alpha4",
        nodes: [Node {
            role: "control-plane",
        }],
        networking: Networking {
            api_server_address: "127.0.0.1",
        },
    }
}
