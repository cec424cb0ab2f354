//! The face service, as a Knative Service.

use k8s_openapi::api::core::v1::{
    ContainerPort, EnvVar, KeyToPath, Probe, SecretVolumeSource, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{SECRET, SECRET_KEY, SERVICE};
use crate::config::{Addressing, Config};
use crate::knative::{RevisionContainer, RevisionSpec, RevisionTemplate, Service, ServiceSpec};
use crate::metadata::{VERSION, namespaced, text_map, with_labels};
use crate::pod::{container_security, probe, resources};
use crate::rrsa::Component;

/// The comment at the head of the file.
pub(super) fn comment(config: &Config) -> &'static str {
    match config.rrsa {
        None => {
            "The keys are in the Secret, and read anew when they change. Work is done in the buckets and\n\
             regions named here only."
        }
        Some(_) => {
            "The role's keys come from STS, which takes the token of the pod's account for them. Work is\n\
             done in the buckets and regions named here only."
        }
    }
}

/// Knative's own default, stated explicitly.
const PORT: u16 = 8080;
/// Probes and metrics have a port of their own, which senders of events cannot block. Some versions
/// of Knative send liveness probes to the other port all the same, which responds to them too.
/// Knative reserves other ports: 8012, 8013, 8022, 9090, 9091 and so on.
pub(crate) const HEALTH: u16 = 8081;
/// Longer than the two minutes that the service gives a photo, so that it answers first.
const TIMEOUT_SECONDS: u32 = 150;
/// Events come from inside the cluster; the service has no business on the internet.
const INSIDE_ONLY: (&str, &str) = ("networking.knative.dev/visibility", "cluster-local");
const KEYS: &str = "keys";
const KEYS_FOLDER: &str = "/var/run/mnsoss";
/// Where pods find the keys.
const KEYS_FILE: &str = "/var/run/mnsoss/mns";

/// The image that runs.
pub(crate) fn image(config: &Config) -> String {
    let own = || format!("dev.local/mnsoss/face-recognition:{VERSION}");
    config.face_image.clone().unwrap_or_else(own)
}

pub(super) fn service(config: &Config) -> Service {
    let (keys, volume, mount) = keys(config, Component::FaceRecognition);
    let container = RevisionContainer {
        env: [keys, environment(config)].concat(),
        volume_mounts: vec![mount],
        ..container(config)
    };
    let spec = RevisionSpec {
        container_concurrency: Some(config.face_concurrency),
        timeout_seconds: Some(TIMEOUT_SECONDS),
        service_account_name: Some(SERVICE.to_owned()),
        containers: vec![container],
        volumes: vec![volume],
    };
    let metadata = namespaced(SERVICE, &config.sample_namespace);
    let bounds = text_map(&[("autoscaling.knative.dev/max-scale", "10")]);
    Service {
        api_version: "serving.knative.dev/v1",
        kind: "Service",
        metadata: with_labels(metadata, &[INSIDE_ONLY]),
        spec: ServiceSpec {
            template: RevisionTemplate {
                metadata: Some(ObjectMeta {
                    annotations: Some(bounds),
                    ..ObjectMeta::default()
                }),
                spec,
            },
        },
    }
}

fn container(config: &Config) -> RevisionContainer {
    RevisionContainer {
        image: image(config),
        ports: vec![ContainerPort {
            container_port: PORT.into(),
            ..ContainerPort::default()
        }],
        readiness_probe: Some(fast(probe("/readiness", HEALTH))),
        liveness_probe: Some(probe("/health", HEALTH)),
        resources: Some(resources(
            &[("cpu", "250m"), ("memory", "256Mi")],
            &[("cpu", "2"), ("memory", "1Gi")],
        )),
        security_context: Some(container_security()),
        ..RevisionContainer::default()
    }
}

/// By default Knative probes many times a second at the start; a photo that starts the service from
/// zero should not wait ten seconds for the first response.
fn fast(probe: Probe) -> Probe {
    Probe {
        period_seconds: None,
        timeout_seconds: None,
        ..probe
    }
}

fn environment(config: &Config) -> Vec<EnvVar> {
    let health = format!("0.0.0.0:{HEALTH}");
    let always = [
        ("UPLOAD_OSS_PATH", Some(config.oss_target_path.as_str())),
        ("OSS_ALLOWED_BUCKETS", Some(config.oss_bucket.as_str())),
        ("OSS_ALLOWED_REGIONS", Some(config.oss_region.as_str())),
        ("OSS_ENDPOINT", config.oss_endpoint.as_deref()),
        (
            "OSS_ADDRESSING",
            config.oss_addressing.map(Addressing::as_str),
        ),
        ("FACE_BACKEND", Some(config.face_backend.as_str())),
        ("FACE_ENDPOINT", config.face_endpoint.as_deref()),
        ("FACE_ATTRIBUTES", config.face_attributes.as_deref()),
        ("FACE_MARK", config.face_mark.as_deref()),
        ("FACE_BANNER", config.face_banner.as_deref()),
        ("FACE_METADATA", config.face_metadata.as_deref()),
        ("FACE_SIDECAR", config.face_sidecar.as_deref()),
        ("FACE_IMM_PROJECT", config.face_imm_project.as_deref()),
        ("HEALTH_LISTEN", Some(&health)),
        ("LOG_FORMAT", Some("json")),
    ];
    let traces = config.traces();
    variables(&[&always[..], &traces].concat())
}

/// Variables; those without a value are left out.
pub(crate) fn variables(pairs: &[(&str, Option<&str>)]) -> Vec<EnvVar> {
    let given = pairs
        .iter()
        .filter_map(|&(name, value)| Some(variable(name, value?)));
    given.collect()
}

/// A variable. Kubernetes replaces `$(NAME)` in values, which a path may hold.
pub(crate) fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(value.replace("$(", "$$(")),
        value_from: None,
    }
}

/// How a component gets its keys: variables, a volume, and where that is mounted.
pub(crate) fn keys(config: &Config, component: Component) -> (Vec<EnvVar>, Volume, VolumeMount) {
    if let Some(rrsa) = &config.rrsa {
        let (volume, mount) = source_api::sts_token();
        return (rrsa.variables(component), volume, mount);
    }
    let mount = VolumeMount {
        name: KEYS.to_owned(),
        mount_path: KEYS_FOLDER.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    };
    let volume = Volume {
        name: KEYS.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(SECRET.to_owned()),
            items: Some(vec![KeyToPath {
                key: SECRET_KEY.to_owned(),
                path: SECRET_KEY.to_owned(),
                mode: None,
            }]),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    };
    (vec![variable("CREDENTIALS_FILE", KEYS_FILE)], volume, mount)
}
