//! The variables that configure an adapter. The names are the adapter's; a setting that the source
//! does not have is omitted, because the adapter has the defaults.

use std::time::Duration;

use k8s_openapi::api::core::v1::EnvVar;
use serde_json::json;
use source_api::{
    BackoffPolicy, Delivery, EventFormat, FilterSpec, MnsOssSource, Payload, SpecVersion,
    format_duration,
};

use super::credentials;
use super::document::{AdapterInputs, AdapterSettings};
use super::pod::PROBES;
use super::tokens;
use crate::knative_config::{LOGGING_VARIABLE, OBSERVABILITY_VARIABLE};
use crate::sink::both;
use crate::source::Identity;

/// Plural and group of our kind, as metrics of Knative sources carry it.
const RESOURCE_GROUP: &str = "mnsosssources.sources.eventing.knative.dev";
const COMPONENT: &str = "mnsosssource";

pub(super) fn variables(
    source: &MnsOssSource,
    identity: &Identity,
    inputs: &AdapterInputs<'_>,
    settings: &AdapterSettings,
) -> Vec<EnvVar> {
    let AdapterInputs {
        sink,
        dead_letter_sink,
        delivery,
        knative_config,
        queue,
        endpoint,
    } = inputs;
    let spec = &source.spec;
    let mut variables = Variables::default();
    variables.set("NAMESPACE", &identity.namespace);
    variables.set("NAME", &identity.name);
    variables.set("K_RESOURCE_GROUP", RESOURCE_GROUP);
    variables.set("K_COMPONENT", COMPONENT);
    variables.set("K_SINK", sink.url.as_str());
    let dead_letter_certs = dead_letter_sink.and_then(|sink| sink.ca_certs.as_deref());
    variables.set_if(
        "K_CA_CERTS",
        both(sink.ca_certs.as_deref(), dead_letter_certs),
    );
    variables.set_if("K_AUDIENCE", sink.audience.clone());
    variables.set_if("K_CE_OVERRIDES", overrides(source));
    variables.set_if("PAYLOAD", spec.payload.map(payload));
    variables.set_if("SPEC_VERSION", spec.spec_version.map(spec_version));
    variables.set("MNS_ENDPOINT", &endpoint.to_string());
    variables.set("MNS_QUEUE", queue.as_str());
    let credentials = credentials::variables(spec, settings).into_iter();
    for (name, value) in credentials.chain(tokens::variables(inputs)) {
        variables.set(name, &value);
    }
    let dead_letter_sink = dead_letter_sink.map(|sink| sink.url.to_string());
    variables.set_if("DELIVERY_DEAD_LETTER_SINK", dead_letter_sink);
    variables.delivery(delivery);
    variables.filter(spec.filter.as_ref());
    variables.set("ADAPTER_LISTEN", &format!("0.0.0.0:{PROBES}"));
    variables.set("LOG_FORMAT", &settings.log_format);
    variables.set_if("RUST_LOG", settings.log_filter.as_ref());
    variables.set_if(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        settings.otlp_endpoint.as_ref(),
    );
    variables.set_if(
        "OTEL_TRACES_SAMPLER_ARG",
        settings.traces_sampling_rate.as_ref(),
    );
    variables.set_if(LOGGING_VARIABLE, knative_config.logging.as_ref());
    variables.set_if(
        OBSERVABILITY_VARIABLE,
        knative_config.observability.as_ref(),
    );
    variables.0
}

#[derive(Default)]
struct Variables(Vec<EnvVar>);

impl Variables {
    fn set(&mut self, name: &str, value: &str) {
        self.0.push(EnvVar {
            name: name.to_owned(),
            value: Some(escaped(value)),
            value_from: None,
        });
    }

    fn set_if(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value
            && !value.as_ref().is_empty()
        {
            self.set(name, value.as_ref());
        }
    }

    fn delivery(&mut self, delivery: &Delivery) {
        let Delivery {
            dead_letter_sink: _,
            retries,
            backoff_policy,
            backoff_delay,
            timeout,
            retry_after_max,
            format,
        } = delivery;
        let duration = |duration: &Option<Duration>| duration.map(format_duration);
        self.set_if("DELIVERY_RETRY", retries.map(|retries| retries.to_string()));
        self.set_if("DELIVERY_BACKOFF_POLICY", backoff_policy.map(policy));
        self.set_if("DELIVERY_BACKOFF_DELAY", duration(backoff_delay));
        self.set_if("DELIVERY_TIMEOUT", duration(timeout));
        self.set_if("DELIVERY_RETRY_AFTER_MAX", duration(retry_after_max));
        self.set_if("DELIVERY_FORMAT", format.map(event_format));
    }

    fn filter(&mut self, filter: Option<&FilterSpec>) {
        let Some(FilterSpec {
            event_names,
            key_prefix,
            key_suffix,
        }) = filter
        else {
            return;
        };
        self.set_if("FILTER_EVENTS", Some(event_names.join(",")));
        self.set_if("FILTER_KEY_PREFIX", key_prefix.as_deref());
        self.set_if("FILTER_KEY_SUFFIX", key_suffix.as_deref());
    }
}

/// Kubernetes replaces `$(NAME)` in values; a value that a user wrote must stay as it is.
fn escaped(value: &str) -> String {
    value.replace("$(", "$$(")
}

fn overrides(source: &MnsOssSource) -> Option<String> {
    let extensions = &source.spec.ce_overrides.as_ref()?.extensions;
    (!extensions.is_empty()).then(|| json!({"extensions": extensions}).to_string())
}

fn payload(payload: Payload) -> &'static str {
    match payload {
        Payload::Json => "Json",
        Payload::Base64 => "Base64",
    }
}

fn spec_version(version: SpecVersion) -> &'static str {
    match version {
        SpecVersion::V02 => "0.2",
        SpecVersion::V03 => "0.3",
        SpecVersion::V10 => "1.0",
    }
}

fn policy(policy: BackoffPolicy) -> &'static str {
    match policy {
        BackoffPolicy::Exponential => "exponential",
        BackoffPolicy::Linear => "linear",
    }
}

fn event_format(format: EventFormat) -> &'static str {
    match format {
        EventFormat::Json => "json",
        EventFormat::Binary => "binary",
    }
}
