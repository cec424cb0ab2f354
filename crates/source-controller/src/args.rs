//! The controller's flags and variables.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::builder::NonEmptyStringValueParser;
use mns::OpenApiEndpoint;
use service::telemetry::TelemetryArgs;
use source_api::TemplateKeys;
use transport::Networks;

use crate::deployment::CloudVariables;
use crate::scaler::ScalerArgs;
use crate::watched_namespaces::{Namespaces, WatchedNamespaces};

/// Reconciles every `MnsOssSource` of a cluster: its resources in MNS, its adapter, and its
/// status.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Args {
    /// Image of the adapters; usually the controller's own.
    #[arg(long, env = "ADAPTER_IMAGE", value_name = "IMAGE", value_parser = NonEmptyStringValueParser::new())]
    pub adapter_image: String,
    /// What adapters log [default: the level in Knative's `config-logging`, else info].
    #[arg(long, env = "ADAPTER_LOG_FILTER", value_name = "FILTER")]
    pub adapter_log_filter: Option<String>,
    /// Format of adapters' log lines: `text` or `json`.
    #[arg(
        long,
        env = "ADAPTER_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "json"
    )]
    pub adapter_log_format: String,
    /// Collector of OpenTelemetry that adapters send traces to, by OTLP over HTTP [default: the one
    /// in Knative's `config-observability`].
    #[arg(long, env = "ADAPTER_OTLP_ENDPOINT", value_name = "URL")]
    pub adapter_otlp_endpoint: Option<String>,
    /// Which part of all traces adapters record, from 0 to 1 [default: that of Knative's
    /// `config-observability`, else all].
    #[arg(long, env = "ADAPTER_TRACES_SAMPLING_RATE", value_name = "NUMBER")]
    pub adapter_traces_sampling_rate: Option<String>,
    /// Namespaces to watch, with commas between them. The controller then needs permissions in
    /// these alone [default: the whole cluster].
    #[arg(
        long = "namespaces",
        env = "WATCH_NAMESPACES",
        value_name = "NAMES",
        default_value = "",
        hide_default_value = true
    )]
    pub watched_namespaces: WatchedNamespaces,
    /// Endpoints of the cloud.
    #[command(flatten)]
    pub endpoints: EndpointArgs,
    /// Namespaces whose sources need no Secret, with commas between them [default: none]. For these
    /// the controller uses an identity of its own in MNS, from the variables of RRSA or the others
    /// of the official SDKs; a user who may create sources there can subscribe to any topic that
    /// the controller's role may subscribe to.
    #[arg(
        long = "cloud-identity-namespaces",
        env = "CLOUD_IDENTITY_NAMESPACES",
        value_name = "NAMES",
        default_value = "",
        hide_default_value = true
    )]
    pub cloud_identity_namespaces: Namespaces,
    /// How the controller and adapters without a Secret reach STS.
    #[command(flatten)]
    pub cloud: CloudVariables,
    /// Labels and annotations that sources may give their adapters, in addition to plain words and
    /// those of `app.kubernetes.io` and `prometheus.io`: domains such as `example.com` or single
    /// keys such as `example.com/team`, with commas between them [default: none]. The rule in the
    /// resource's definition must allow them too.
    #[arg(
        long,
        env = "ALLOW_TEMPLATE_KEYS",
        value_name = "KEYS",
        default_value = "",
        hide_default_value = true
    )]
    pub allow_template_keys: TemplateKeys,
    /// DNS domain of the cluster [default: the one in resolv.conf, else cluster.local].
    #[arg(long, env = "CLUSTER_DOMAIN", value_name = "DOMAIN")]
    pub cluster_domain: Option<String>,
    /// Maximum number of sources that are reconciled at one time.
    #[arg(long, env = "CONTROLLER_CONCURRENCY", value_name = "COUNT", default_value = "32", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,
    /// Namespace of Knative Eventing: its trust bundles and its ConfigMaps for logs, metrics and
    /// traces reach the adapters.
    #[arg(
        long,
        env = "KNATIVE_EVENTING_NAMESPACE",
        value_name = "NAME",
        default_value = "knative-eventing"
    )]
    pub knative_namespace: String,
    /// Resync interval in seconds. A change made directly in MNS is corrected at the next resync at
    /// the latest.
    #[arg(long, env = "CONTROLLER_RESYNC_SECONDS", value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    pub resync: Duration,
    /// Namespace of the controller, for its lease [default: the one of its kubeconfig or pod].
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAME")]
    pub namespace: Option<String>,
    /// Identity of the controller in its lease; must differ between replicas
    /// [default: a random name].
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub identity: Option<String>,
    /// Name of the lease by which replicas elect their leader.
    #[arg(
        long,
        env = "CONTROLLER_LEASE",
        value_name = "NAME",
        default_value = "mnsoss-source-controller"
    )]
    pub lease: String,
    /// Address for `/health`, `/readiness` and `/metrics`.
    #[arg(
        long,
        env = "CONTROLLER_LISTEN",
        value_name = "ADDRESS",
        default_value = "0.0.0.0:8080"
    )]
    pub listen: SocketAddr,
    /// The external scaler for KEDA.
    #[command(flatten)]
    pub scaler: ScalerArgs,
    /// Write the bound addresses to this file, as `{"http":"..."}`, with `scaler` if there is one.
    #[arg(long, env = "CONTROLLER_ANNOUNCE", value_name = "FILE")]
    pub announce: Option<PathBuf>,
    /// Options for the logs.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Endpoints of the cloud.
#[derive(Clone, Debug, clap::Args)]
pub struct EndpointArgs {
    /// Private networks in which endpoints of MNS and its OpenAPI are allowed, such as `10.0.0.0/8`,
    /// with commas between them [default: none]. A user who may write a Secret can make the
    /// controller call any address there. Alibaba Cloud's own endpoints, such as
    /// `<account>.mns.<region>.aliyuncs.com`, are always allowed.
    #[arg(
        long,
        env = "ALLOW_PRIVATE_ENDPOINTS",
        value_name = "NETWORKS",
        default_value = "",
        hide_default_value = true
    )]
    pub allow_private_endpoints: Networks,
    /// Endpoint of the MNS OpenAPI, in which event rules are
    /// [default: the one of Alibaba Cloud in the region of MNS].
    #[arg(long, env = "MNS_OPEN_ENDPOINT", value_name = "URL")]
    pub mns_open_endpoint: Option<OpenApiEndpoint>,
}

/// Seconds, up to a day.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: u64 = text
        .parse()
        .map_err(|_| "it must be a whole number of seconds".to_owned())?;
    if (1..=86_400).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err("it must be 1 to 86400 seconds".to_owned())
    }
}
