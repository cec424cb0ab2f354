//! Who may connect to our pods, and where the controller's may connect to.
//!
//! A network policy knows pods and ports, not hosts, so egress is limited by port.
//! Adapters may connect anywhere: a sink may be on any port of any host.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use source_api::names::CONTROLLER;
use url::Url;

use crate::config::Config;
use crate::console;
use crate::controller;
use crate::metadata::{adapter_selector, controller_selector, namespaced, ours, text_map};
use crate::sample;

const DNS: u16 = 53;

/// Where adapters answer probes; the controller decides.
const ADAPTER: u16 = 8080;

/// Where queue-proxy takes requests for the container beside it (HTTP/1, HTTP/2, TLS), and where it
/// serves its metrics. It connects to the container within the pod, where no policy applies.
const QUEUE_PROXY: [u16; 5] = [8012, 8013, 8112, 9090, 9091];

/// In: probes and metrics; KEDA, if enabled. Out: API servers, MNS, DNS.
pub(crate) fn of_the_controller(config: &Config) -> NetworkPolicy {
    let mut ports = config.controller_egress_ports.clone();
    let endpoints = [
        Some(&config.mns_endpoint),
        config.mns_open_endpoint.as_ref(),
    ];
    let endpoints = endpoints.into_iter().flatten();
    let endpoints = endpoints.filter_map(|endpoint| Url::parse(endpoint).ok());
    ports.extend(endpoints.filter_map(|endpoint| endpoint.port_or_known_default()));
    ports.sort_unstable();
    ports.dedup();
    let out = ports.into_iter().map(tcp);
    let out = out.chain([tcp(DNS), port("UDP", DNS)]).collect();
    let metadata = ours(namespaced(CONTROLLER, &config.controller_namespace));
    let ports = [controller::PORT];
    let mut policy = policy(metadata, controller_selector(), &ports, Some(out));
    if config.keda
        && let Some(spec) = &mut policy.spec
    {
        spec.ingress.get_or_insert_default().push(of_keda(config));
    }
    policy
}

/// The scaler reveals how busy sources are, and each call costs a call to MNS: only KEDA may connect.
fn of_keda(config: &Config) -> NetworkPolicyIngressRule {
    let namespace = text_map(&[("kubernetes.io/metadata.name", &config.keda_namespace)]);
    NetworkPolicyIngressRule {
        ports: Some(vec![tcp(controller::SCALER_PORT)]),
        from: Some(vec![NetworkPolicyPeer {
            namespace_selector: Some(LabelSelector {
                match_labels: Some(namespace),
                ..LabelSelector::default()
            }),
            ..NetworkPolicyPeer::default()
        }]),
    }
}

/// In: probes and metrics.
pub(crate) fn of_adapters(namespace: &str) -> NetworkPolicy {
    policy(
        namespaced("mnsoss-adapters", namespace),
        adapter_selector(),
        &[ADAPTER],
        None,
    )
}

/// In: events by way of queue-proxy, which limits how many are in work; metrics. Nobody but
/// the node reaches the service's own port for events.
pub(crate) fn of_face_service(namespace: &str) -> NetworkPolicy {
    let pods = text_map(&[("serving.knative.dev/service", sample::SERVICE)]);
    let ports: Vec<_> = QUEUE_PROXY.into_iter().chain([sample::HEALTH]).collect();
    policy(namespaced(sample::SERVICE, namespace), pods, &ports, None)
}

/// In: people and events by way of queue-proxy; metrics.
pub(crate) fn of_console(namespace: &str) -> NetworkPolicy {
    let pods = text_map(&[("serving.knative.dev/service", console::NAME)]);
    policy(
        namespaced(console::NAME, namespace),
        pods,
        &QUEUE_PROXY,
        None,
    )
}

/// Lets in to `ports`, and out to `out` if that is limited.
fn policy(
    metadata: ObjectMeta,
    pods: BTreeMap<String, String>,
    ports: &[u16],
    out: Option<Vec<NetworkPolicyPort>>,
) -> NetworkPolicy {
    let egress = out.is_some().then_some("Egress");
    let directions = ["Ingress"].into_iter().chain(egress);
    NetworkPolicy {
        metadata,
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector {
                match_labels: Some(pods),
                ..LabelSelector::default()
            }),
            policy_types: Some(directions.map(ToOwned::to_owned).collect()),
            ingress: Some(vec![NetworkPolicyIngressRule {
                ports: Some(ports.iter().copied().map(tcp).collect()),
                from: None,
            }]),
            egress: out.map(|ports| {
                vec![NetworkPolicyEgressRule {
                    ports: Some(ports),
                    to: None,
                }]
            }),
        }),
    }
}

fn tcp(number: u16) -> NetworkPolicyPort {
    port("TCP", number)
}

fn port(protocol: &str, number: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(number.into())),
        protocol: Some(protocol.to_owned()),
        end_port: None,
    }
}
