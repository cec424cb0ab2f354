//! Whether and where traces are sent: OpenTelemetry's variables, and Knative's document behind them.

use std::time::Duration;

use clap::ValueEnum;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;
use url::Url;

use super::knative::Observability;
use crate::settings::{Expected, endpoint_url, number};

/// Where collectors take traces.
pub(super) const PATH: &str = "/v1/traces";
const HTTP_PROTOBUF: &str = "http/protobuf";
/// The default address of a collector.
const DEFAULT_COLLECTOR: &str = "http://localhost:4318/v1/traces";

/// The options for traces. None is sent unless a collector is named.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Traces")]
pub struct TraceArgs {
    /// Collector of OpenTelemetry that takes OTLP over HTTP; traces go to `/v1/traces` there
    /// [default: none].
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", value_parser = endpoint_url)]
    pub otel_exporter_otlp_endpoint: Option<Url>,
    /// The whole URL that traces go to, in place of the collector's.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", value_name = "URL", value_parser = endpoint_url)]
    pub otel_exporter_otlp_traces_endpoint: Option<Url>,
    /// Protocol of the collector; only `http/protobuf` is supported.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_PROTOCOL", value_name = "NAME")]
    pub otel_exporter_otlp_protocol: Option<String>,
    /// Protocol of the collector, if it is another one for traces.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", value_name = "NAME")]
    pub otel_exporter_otlp_traces_protocol: Option<String>,
    /// Headers for the collector, as `name=value` with commas between them.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_HEADERS", value_name = "LIST", hide_env_values = true, value_parser = headers)]
    pub otel_exporter_otlp_headers: Option<Headers>,
    /// Headers for the collector, if they are others for traces.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_HEADERS", value_name = "LIST", hide_env_values = true, value_parser = headers)]
    pub otel_exporter_otlp_traces_headers: Option<Headers>,
    /// Time for one request to the collector, in milliseconds.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TIMEOUT", value_name = "NUMBER", default_value = "10000", value_parser = number(1..=60_000_u64))]
    pub otel_exporter_otlp_timeout: u64,
    /// How long spans wait for others to be sent with, in milliseconds.
    #[arg(long, env = "OTEL_BSP_SCHEDULE_DELAY", value_name = "NUMBER", default_value = "5000", value_parser = number(1..=60_000_u64))]
    pub otel_bsp_schedule_delay: u64,
    /// Whether traces are sent at all. Without a collector's address, `otlp` sends them to port 4318
    /// of this machine [default: by whether a collector is named].
    #[arg(long, env = "OTEL_TRACES_EXPORTER", value_name = "NAME", value_enum)]
    pub otel_traces_exporter: Option<TracesExporter>,
    /// Which traces are recorded [default: by Knative's `tracing-sampling-rate`, else
    /// `parentbased_always_on`].
    #[arg(long, env = "OTEL_TRACES_SAMPLER", value_name = "NAME", value_enum)]
    pub otel_traces_sampler: Option<TracesSampler>,
    /// Which part of all traces is recorded, from 0 to 1.
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", value_name = "NUMBER", value_parser = number(0.0..=1.0))]
    pub otel_traces_sampler_arg: Option<f64>,
    /// What the service is called in traces [default: the program's own name].
    #[arg(long, env = "OTEL_SERVICE_NAME", value_name = "NAME")]
    pub otel_service_name: Option<String>,
    /// What else is said about the service in traces, as `name=value` with commas between them.
    #[arg(long, env = "OTEL_RESOURCE_ATTRIBUTES", value_name = "LIST")]
    pub otel_resource_attributes: Option<String>,
    /// `true` turns all of this off.
    #[arg(long, env = "OTEL_SDK_DISABLED", value_name = "BOOLEAN")]
    pub otel_sdk_disabled: Option<String>,
    /// Knative's `config-observability` as JSON, of which protocol, endpoint and sampling rate of
    /// traces count.
    #[arg(
        long,
        env = "K_OBSERVABILITY_CONFIG",
        value_name = "JSON",
        default_value = "{}",
        hide_default_value = true
    )]
    pub observability_config: Observability,
}

/// Values of `OTEL_TRACES_EXPORTER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TracesExporter {
    /// They are sent.
    Otlp,
    /// They are not.
    None,
}

/// Values of `OTEL_TRACES_SAMPLER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum TracesSampler {
    /// All.
    AlwaysOn,
    /// None.
    AlwaysOff,
    /// A part of all.
    #[value(name = "traceidratio")]
    TraceIdRatio,
    /// Those that the sender records, and all that begin here.
    #[value(name = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// Those that the sender records.
    #[value(name = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// Those that the sender records, and a part of those that begin here.
    #[value(name = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

/// Headers for a collector, which may be secret.
#[derive(Clone, Debug, Default)]
pub struct Headers(pub(super) HeaderMap);

/// How traces are sent.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) endpoint: Url,
    pub(super) headers: HeaderMap,
    pub(super) timeout: Duration,
    pub(super) delay: Duration,
    pub(super) sampler: Sampler,
    pub(super) resource: Vec<(String, String)>,
}

impl TraceArgs {
    /// How traces are sent, if they are; and what to log about that.
    pub(super) fn plan(&self) -> (Option<Plan>, Option<String>) {
        let is_off = |flag: &String| flag.eq_ignore_ascii_case("true");
        if self.otel_sdk_disabled.as_ref().is_some_and(is_off)
            || self.otel_traces_exporter == Some(TracesExporter::None)
        {
            return (None, None);
        }
        let Some((protocol, endpoint)) = self.target() else {
            return (None, None);
        };
        if protocol != HTTP_PROTOBUF {
            let notice = format!(
                "no traces are sent: OTLP over {protocol:?} is not supported; set the protocol to {HTTP_PROTOBUF} and the endpoint to the collector's port for it, usually 4318"
            );
            return (None, Some(notice));
        }
        let Some(endpoint) = endpoint else {
            let notice = "no traces are sent: `tracing-endpoint` of config-observability is no URL";
            return (None, Some(notice.to_owned()));
        };
        let sampler = self.sampler();
        if matches!(sampler, Sampler::AlwaysOff) {
            return (None, None);
        }
        let headers = self.otel_exporter_otlp_traces_headers.as_ref();
        let headers = headers.or(self.otel_exporter_otlp_headers.as_ref());
        let plan = Plan {
            endpoint,
            headers: headers.cloned().unwrap_or_default().0,
            timeout: Duration::from_millis(self.otel_exporter_otlp_timeout),
            delay: Duration::from_millis(self.otel_bsp_schedule_delay),
            sampler,
            resource: self.resource(),
        };
        (Some(plan), None)
    }

    /// The protocol, and the URL if there is a sound one. OpenTelemetry's variables come first.
    fn target(&self) -> Option<(&str, Option<Url>)> {
        let own_protocol = self.otel_exporter_otlp_traces_protocol.as_deref();
        let own_protocol = own_protocol.or(self.otel_exporter_otlp_protocol.as_deref());
        let own_protocol = own_protocol.unwrap_or(HTTP_PROTOBUF);
        if let Some(endpoint) = self.own_endpoint() {
            return Some((own_protocol, Some(endpoint)));
        }
        if let Some(protocol) = self.observability_config.protocol() {
            return Some((protocol, self.observability_config.endpoint()));
        }
        self.otel_traces_exporter?;
        Some((own_protocol, Url::parse(DEFAULT_COLLECTOR).ok()))
    }

    fn own_endpoint(&self) -> Option<Url> {
        if let Some(endpoint) = &self.otel_exporter_otlp_traces_endpoint {
            return Some(endpoint.clone());
        }
        let mut endpoint = self.otel_exporter_otlp_endpoint.clone()?;
        let path = endpoint.path().trim_end_matches('/').to_owned() + PATH;
        endpoint.set_path(&path);
        Some(endpoint)
    }

    fn sampler(&self) -> Sampler {
        let own_rate = self.otel_traces_sampler_arg;
        let ratio = Sampler::TraceIdRatioBased(own_rate.unwrap_or(1.0));
        let by_parent = |root| Sampler::ParentBased(Box::new(root));
        match self.otel_traces_sampler {
            Some(TracesSampler::AlwaysOn) => Sampler::AlwaysOn,
            Some(TracesSampler::AlwaysOff) => Sampler::AlwaysOff,
            Some(TracesSampler::TraceIdRatio) => ratio,
            Some(TracesSampler::ParentBasedAlwaysOn) => by_parent(Sampler::AlwaysOn),
            Some(TracesSampler::ParentBasedAlwaysOff) => by_parent(Sampler::AlwaysOff),
            Some(TracesSampler::ParentBasedTraceIdRatio) => by_parent(ratio),
            None => match own_rate.or(self.observability_config.sampling_rate()) {
                // As Knative has it.
                Some(rate) if rate <= 0.0 => Sampler::AlwaysOff,
                Some(rate) if rate < 1.0 => by_parent(Sampler::TraceIdRatioBased(rate)),
                _ => by_parent(Sampler::AlwaysOn),
            },
        }
    }

    fn resource(&self) -> Vec<(String, String)> {
        let attributes = self.otel_resource_attributes.as_deref().unwrap_or_default();
        let mut resource: Vec<_> = pairs(attributes).collect();
        if let Some(name) = &self.otel_service_name {
            resource.push(("service.name".to_owned(), name.clone()));
        }
        resource
    }
}

/// The pairs of a list like `a=1,b=2`, whose values may have percent sequences.
fn pairs(list: &str) -> impl Iterator<Item = (String, String)> {
    list.split(',').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8_lossy();
        Some((name.trim().to_owned(), value.into_owned()))
    })
}

fn headers(list: &str) -> Result<Headers, Expected> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(list) {
        let header = HeaderName::try_from(name).ok();
        let header = header.zip(HeaderValue::try_from(value).ok());
        let (name, mut value) = header.ok_or_else(|| {
            Expected("headers such as `name=value`, with commas between them".to_owned())
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(Headers(headers))
}
