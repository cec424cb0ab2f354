//! The console's Knative Service.

use k8s_openapi::api::core::v1::{
    ContainerPort, EnvVar, KeyToPath, SecretVolumeSource, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{NAME, TOKEN};
use crate::config::{Addressing, Config};
use crate::knative::{RevisionContainer, RevisionSpec, RevisionTemplate, Service, ServiceSpec};
use crate::metadata::{namespaced, text_map};
use crate::pod::{container_security, probe, resources};
use crate::rrsa::Component;
use crate::sample::{self, SOURCE};

pub(super) const COMMENT: &str = "The page. One pod, always: what it shows of photos on their way is in its memory, and pages\n\
     listen to it. Browsers send photos to the bucket itself, which needs a CORS rule for the\n\
     page's address; `cargo xtask deploy` sets it.";

/// Knative's own default, stated explicitly.
const PORT: u16 = 8080;
/// The face service's image has the console beside the service.
const BINARY: &str = "/app/console";
/// The maximum that Knative allows by default. A page reconnects its stream by itself.
const TIMEOUT_SECONDS: u32 = 600;
const TOKEN_FOLDER: &str = "/var/run/console";

pub(super) fn service(config: &Config) -> Service {
    let (keys, volume, mount) = sample::keys(config, Component::Console);
    let mut container = container(config);
    container.env.splice(0..0, keys);
    container.volume_mounts.insert(0, mount);
    let spec = RevisionSpec {
        // Each open page holds a request.
        container_concurrency: None,
        timeout_seconds: Some(TIMEOUT_SECONDS),
        service_account_name: Some(NAME.to_owned()),
        containers: vec![container],
        volumes: vec![volume, token()],
    };
    let one = [
        ("autoscaling.knative.dev/min-scale", "1"),
        ("autoscaling.knative.dev/max-scale", "1"),
    ];
    Service {
        api_version: "serving.knative.dev/v1",
        kind: "Service",
        metadata: namespaced(NAME, &config.sample_namespace),
        spec: ServiceSpec {
            template: RevisionTemplate {
                metadata: Some(ObjectMeta {
                    annotations: Some(text_map(&one)),
                    ..ObjectMeta::default()
                }),
                spec,
            },
        },
    }
}

fn container(config: &Config) -> RevisionContainer {
    RevisionContainer {
        image: sample::image(config),
        command: vec![BINARY.to_owned()],
        env: environment(config),
        ports: vec![ContainerPort {
            container_port: PORT.into(),
            ..ContainerPort::default()
        }],
        readiness_probe: Some(probe("/readiness", PORT)),
        liveness_probe: Some(probe("/health", PORT)),
        resources: Some(resources(
            &[("cpu", "50m"), ("memory", "64Mi")],
            &[("cpu", "1"), ("memory", "256Mi")],
        )),
        security_context: Some(container_security()),
        volume_mounts: vec![VolumeMount {
            name: TOKEN.to_owned(),
            mount_path: TOKEN_FOLDER.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        }],
    }
}

fn environment(config: &Config) -> Vec<EnvVar> {
    let token = format!("{TOKEN_FOLDER}/{TOKEN}");
    // The name under which brokers inside the cluster reach the console, without its domain.
    let inside = format!("{NAME}.{}.svc", config.sample_namespace);
    sample::variables(&[
        ("OSS_BUCKET", Some(&config.oss_bucket)),
        ("OSS_REGION", Some(&config.oss_region)),
        ("OSS_ENDPOINT", config.oss_endpoint.as_deref()),
        (
            "OSS_PUBLIC_ENDPOINT",
            config.console_oss_endpoint.as_deref(),
        ),
        (
            "OSS_ADDRESSING",
            config.oss_addressing.map(Addressing::as_str),
        ),
        ("UPLOAD_OSS_PATH", Some(&config.oss_target_path)),
        ("CONSOLE_SOURCE", Some(SOURCE)),
        ("CONSOLE_EVENTS_HOST", Some(&inside)),
        ("CONSOLE_TOKEN_FILE", Some(&token)),
        (
            "CONSOLE_INSECURE_COOKIE",
            config.console_plain_http.then_some("true"),
        ),
        ("LOG_FORMAT", Some("json")),
    ])
}

fn token() -> Volume {
    Volume {
        name: TOKEN.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(NAME.to_owned()),
            items: Some(vec![KeyToPath {
                key: TOKEN.to_owned(),
                path: TOKEN.to_owned(),
                mode: None,
            }]),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}
