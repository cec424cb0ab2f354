//! The adapter's flags and variables, as text.
//!
//! Everything is taken as a string here, so that [`Config`](crate::Config) can check it
//! all and report every mistake at once instead of the first one.

use std::path::PathBuf;

use clap::Parser;
use service::telemetry::TelemetryArgs;

/// Receives OSS notifications from one MNS queue and delivers them as CloudEvents.
///
/// Credentials come from --access-token-file or from the variables of the official
/// SDKs (`ALIBABA_CLOUD_ACCESS_KEY_ID` and so on), never from a flag.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Args {
    /// Where events go.
    #[command(flatten, next_help_heading = "Sink")]
    pub sink: SinkArgs,
    /// What happens when a delivery fails.
    #[command(flatten, next_help_heading = "Delivery")]
    pub delivery: DeliveryArgs,
    /// Where events come from.
    #[command(flatten, next_help_heading = "Queue")]
    pub queue: QueueArgs,
    /// Which events are delivered.
    #[command(flatten, next_help_heading = "Filter")]
    pub filter: FilterArgs,
    /// How much is done at one time.
    #[command(flatten, next_help_heading = "Limits")]
    pub limits: LimitArgs,
    /// What operators see.
    #[command(flatten, next_help_heading = "Operation")]
    pub operation: OperationArgs,
    /// Options for the logs.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Where events go, and in which form.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SinkArgs {
    /// Where events go. Knative sets it.
    #[arg(long, env = "K_SINK", value_name = "URL", hide_env_values = true)]
    pub sink: Option<String>,
    /// CA certificates of the sink in PEM, trusted beside the system's.
    #[arg(long, env = "K_CA_CERTS", value_name = "PEM", hide_env_values = true)]
    pub ca_certs: Option<String>,
    /// OIDC audience of the sink, which whoever mounts the token file asks the token for.
    #[arg(long, env = "K_AUDIENCE", value_name = "AUDIENCE")]
    pub audience: Option<String>,
    /// File with an OIDC token for both sinks, read again when it changes.
    #[arg(long, env = "K_OIDC_TOKEN_FILE", value_name = "PATH")]
    pub oidc_token_file: Option<PathBuf>,
    /// Attributes to set on every event: `{"extensions":{"name":"value"}}`.
    #[arg(long, env = "K_CE_OVERRIDES", value_name = "JSON")]
    pub ce_overrides: Option<String>,
    /// Form of the data: `Json`, or `Base64` as the original source sent it [default: Json].
    #[arg(long, env = "PAYLOAD", value_name = "FORM")]
    pub payload: Option<String>,
    /// Version of CloudEvents to send: `1.0`, `0.3` or `0.2`. With `0.3` and the payload
    /// `Base64`, the original consumer takes events also from a Broker [default: 1.0].
    #[arg(long, env = "SPEC_VERSION", value_name = "VERSION")]
    pub spec_version: Option<String>,
}

/// What happens when a delivery fails: the fields of Knative's `delivery`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DeliveryArgs {
    /// Retries after the first delivery, then the event is dead-lettered [default: 10].
    #[arg(long, env = "DELIVERY_RETRY", value_name = "COUNT")]
    pub delivery_retry: Option<String>,
    /// How waits grow: `exponential` or `linear` [default: exponential].
    #[arg(long, env = "DELIVERY_BACKOFF_POLICY", value_name = "POLICY")]
    pub delivery_backoff_policy: Option<String>,
    /// The first wait, ISO 8601; takes effect in whole seconds [default: PT1S].
    #[arg(long, env = "DELIVERY_BACKOFF_DELAY", value_name = "DURATION")]
    pub delivery_backoff_delay: Option<String>,
    /// Time that a sink has for its answer, ISO 8601 [default: `K_SINK_TIMEOUT`, else PT60S].
    #[arg(long, env = "DELIVERY_TIMEOUT", value_name = "DURATION")]
    pub delivery_timeout: Option<String>,
    /// The same in whole seconds, as Knative sets it.
    #[arg(long, env = "K_SINK_TIMEOUT", value_name = "SECONDS")]
    pub sink_timeout: Option<String>,
    /// The longest `Retry-After` to honour, ISO 8601; not honoured if absent.
    #[arg(long, env = "DELIVERY_RETRY_AFTER_MAX", value_name = "DURATION")]
    pub delivery_retry_after_max: Option<String>,
    /// Where events go that the sink refused for good.
    #[arg(
        long,
        env = "DELIVERY_DEAD_LETTER_SINK",
        value_name = "URL",
        hide_env_values = true
    )]
    pub delivery_dead_letter_sink: Option<String>,
    /// How events are written: `binary`, or `json` for structured mode [default: binary].
    #[arg(long, env = "DELIVERY_FORMAT", value_name = "FORMAT")]
    pub delivery_format: Option<String>,
}

/// Where events come from.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct QueueArgs {
    /// Endpoint of MNS [default: the Secret's `url`].
    #[arg(long, env = "MNS_ENDPOINT", value_name = "URL")]
    pub mns_endpoint: Option<String>,
    /// The queue to receive from.
    #[arg(long, env = "MNS_QUEUE", value_name = "NAME")]
    pub mns_queue: Option<String>,
    /// A mounted Secret: a file with `{"url","accessKeyId","accessKeySecret"}`, or its directory.
    #[arg(long, env = "MNS_ACCESS_TOKEN_FILE", value_name = "PATH")]
    pub access_token_file: Option<PathBuf>,
}

/// Which events are delivered.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FilterArgs {
    /// Event names, separated by commas; `ObjectCreated:*` takes a group [default: all].
    #[arg(long, env = "FILTER_EVENTS", value_name = "NAMES")]
    pub filter_events: Option<String>,
    /// Only events of objects whose key starts so.
    #[arg(long, env = "FILTER_KEY_PREFIX", value_name = "TEXT")]
    pub filter_key_prefix: Option<String>,
    /// Only events of objects whose key ends so.
    #[arg(long, env = "FILTER_KEY_SUFFIX", value_name = "TEXT")]
    pub filter_key_suffix: Option<String>,
}

/// How much is done at one time, and how it ends.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LimitArgs {
    /// Receives at one time while there is a backlog [default: 8].
    #[arg(long, env = "ADAPTER_POLLERS", value_name = "COUNT")]
    pub pollers: Option<String>,
    /// Messages held at one time [default: 160].
    #[arg(long, env = "ADAPTER_MAX_IN_FLIGHT", value_name = "COUNT")]
    pub max_in_flight: Option<String>,
    /// Bytes of messages held at one time [default: 6291456].
    #[arg(long, env = "ADAPTER_MAX_IN_FLIGHT_BYTES", value_name = "BYTES")]
    pub max_in_flight_bytes: Option<String>,
    /// Time to finish deliveries after SIGTERM, ISO 8601; some seconds below the pod's
    /// grace period [default: PT20S].
    #[arg(long, env = "ADAPTER_DRAIN_GRACE", value_name = "DURATION")]
    pub drain_grace: Option<String>,
}

/// What operators see.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OperationArgs {
    /// Namespace of the source object.
    #[arg(long, env = "NAMESPACE", value_name = "NAME")]
    pub namespace: Option<String>,
    /// Name of the source object [default: adapter].
    #[arg(long, env = "NAME", value_name = "NAME")]
    pub name: Option<String>,
    /// Plural and group of the source object's kind.
    #[arg(long, env = "K_RESOURCE_GROUP", value_name = "GROUP")]
    pub resource_group: Option<String>,
    /// Knative's `config-observability` as JSON, of which `tracing-sampling-rate` counts.
    #[arg(long, env = "K_OBSERVABILITY_CONFIG", value_name = "JSON")]
    pub observability_config: Option<String>,
    /// Address for `/health`, `/readiness` and `/metrics` [default: 0.0.0.0:8080].
    #[arg(long, env = "ADAPTER_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Write the bound address to this file, as `{"http":"..."}`.
    #[arg(long, env = "ADAPTER_ANNOUNCE", value_name = "FILE")]
    pub announce: Option<PathBuf>,
}
