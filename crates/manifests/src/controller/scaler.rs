//! The port of the external scaler for KEDA.

use k8s_openapi::api::core::v1::{ContainerPort, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use source_api::names::CONTROLLER;

use crate::config::Config;
use crate::metadata::{controller_selector, namespaced, ours};

/// The scaler's port.
pub(crate) const PORT: u16 = 9090;
/// Meshes detect gRPC by the start of the name.
const NAME: &str = "grpc-scaler";

pub(super) const COMMENT: &str = "Where KEDA asks how much work sources have. Every controller answers, not only the one that works.";

/// The Service that KEDA connects to.
pub(super) fn service(config: &Config) -> Service {
    Service {
        metadata: ours(namespaced(CONTROLLER, &config.controller_namespace)),
        spec: Some(ServiceSpec {
            selector: Some(controller_selector()),
            ports: Some(vec![ServicePort {
                name: Some(NAME.to_owned()),
                app_protocol: Some("kubernetes.io/h2c".to_owned()),
                port: PORT.into(),
                target_port: Some(IntOrString::Int(PORT.into())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The port in the controller's pod.
pub(super) fn port() -> ContainerPort {
    ContainerPort {
        name: Some(NAME.to_owned()),
        container_port: PORT.into(),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

/// The controller's variables for it.
pub(super) fn variables(config: &Config) -> [(&'static str, String); 2] {
    let namespace = &config.controller_namespace;
    [
        ("SCALER_LISTEN", format!("0.0.0.0:{PORT}")),
        (
            "SCALER_ADDRESS",
            format!("{CONTROLLER}.{namespace}.svc:{PORT}"),
        ),
    ]
}
