//! Traces, sent to a collector by OTLP over HTTP where the environment names one.
//!
//! A trace is made of `tracing` spans with the target [`SPANS`] and the level TRACE. Without a
//! collector no layer is installed, and making such a span is one comparison of levels. With one,
//! finished spans wait in a queue of fixed size for a task that sends them: recording a span never
//! blocks, and when the collector is unavailable or slow, spans are dropped and nothing else fails.
//!
//! Logs have spans of their own. No text of a log gets into a trace.

mod context;
mod export;
mod knative;
mod settings;

use std::collections::BTreeMap;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::{Level, Subscriber, warn};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, layer};
use transport::HttpClientError;
pub use transport::{SPANS, failed};

pub use context::{TRACEPARENT, begin, continue_from, is_traceparent, traceparent};
pub use export::MESSAGE_COUNT;
pub use knative::Observability;
use settings::Plan;
pub use settings::TraceArgs;

/// What the process is called in its traces, if the environment does not say.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `service.name`.
    pub name: &'static str,
    /// `service.version`.
    pub version: &'static str,
    /// Further attributes of the resource.
    pub attributes: BTreeMap<&'static str, String>,
}

/// Keeps traces on their way.
#[derive(Debug)]
#[must_use = "the last spans are sent by `finish`"]
pub struct Traces(Option<export::ExportTask>);

impl Traces {
    /// Sends what is recorded so far, within about two seconds.
    ///
    /// # Cancel safety
    /// Dropping the future loses the spans that are not sent yet.
    pub async fn finish(self) {
        if let Some(task) = self.0 {
            task.finish().await;
        }
    }
}

/// The layer that records, and a notice to log once logging is set up.
pub(crate) struct Started {
    tracer: Option<SdkTracer>,
    pub(crate) traces: Traces,
    notice: Option<String>,
}

/// Starts sending, if that is wanted. Must be called within a runtime.
///
/// # Errors
/// Permanent: TLS cannot be set up.
pub(crate) fn start(args: &TraceArgs, identity: &Identity) -> Result<Started, HttpClientError> {
    let (plan, notice) = args.plan();
    let Some(plan) = plan else {
        let traces = Traces(None);
        return Ok(Started {
            tracer: None,
            traces,
            notice,
        });
    };
    let resource = resource(identity, &plan);
    let (queue, task) = export::start(&plan, &resource)?;
    let provider = SdkTracerProvider::builder()
        .with_sampler(plan.sampler)
        .with_id_generator(context::Ids::default())
        .with_resource(resource)
        .with_span_processor(queue)
        .build();
    Ok(Started {
        tracer: Some(provider.tracer(identity.name)),
        traces: Traces(Some(task)),
        notice,
    })
}

impl Started {
    /// The layer, if anything is to be recorded.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let tracer = self.tracer.clone()?;
        let spans = OpenTelemetryLayer::new(tracer)
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_location(false)
            .with_threads(false)
            .with_target(false);
        Some(spans.with_filter(only_spans()))
    }

    /// Logs why the settings for traces have no effect, if that is so.
    pub(crate) fn log_notice(&self) {
        if let Some(notice) = &self.notice {
            warn!("{notice}");
        }
    }
}

fn only_spans<S>() -> impl layer::Filter<S> {
    Targets::new().with_target(SPANS, Level::TRACE)
}

/// The attributes from the environment come last, so they override the others.
fn resource(identity: &Identity, plan: &Plan) -> Resource {
    let own = [
        ("service.name", identity.name),
        ("service.version", identity.version),
    ];
    let own = own.map(|(name, value)| KeyValue::new(name, value));
    let further = identity.attributes.iter();
    let further = further.map(|(name, value)| KeyValue::new(*name, value.clone()));
    let given = plan.resource.iter();
    let given = given.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    Resource::builder_empty()
        .with_detector(Box::new(
            opentelemetry_sdk::resource::TelemetryResourceDetector,
        ))
        .with_attributes(own)
        .with_attributes(further)
        .with_attributes(given)
        .build()
}

#[cfg(test)]
mod tests;
