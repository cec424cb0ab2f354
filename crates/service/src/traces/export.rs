//! Sends finished spans to the collector.
//!
//! Its limits: at most [`QUEUED_SPANS`] are queued and at most [`BATCH_SPANS`] are being sent; each
//! request has a deadline and few retries. Spans that do not fit into the queue, and those of a
//! request whose retries failed, are dropped and counted; a log line reports them at most once in
//! [`WARN_INTERVAL`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use transport::{Call, ConnectOptions, HttpClientError, Replay, Transport};
use url::Url;

use super::settings::Plan;
use crate::error_line;

/// Spans that may wait: OpenTelemetry's own default, some megabytes at the very most.
const QUEUED_SPANS: usize = 2048;
/// Spans of one request, likewise.
const BATCH_SPANS: usize = 512;
/// What a collector may answer: it says little, and nothing of it is needed.
const RESPONSE_BYTES: usize = 64 * 1024;
/// How long the process waits for its last spans to be sent when it ends.
const LAST_EXPORT: Duration = Duration::from_secs(2);
/// Between two log lines about dropped spans.
const WARN_INTERVAL: Duration = Duration::from_mins(5);
/// How many messages a receive brought. One that brought none is not worth a span: there are three a
/// minute on an idle queue.
pub const MESSAGE_COUNT: &str = "messaging.batch.message_count";

/// Takes finished spans. Never waits.
#[derive(Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    dropped: Arc<AtomicU64>,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && !is_empty_receive(&span) {
            let sent = self.spans.try_send(span);
            if let Err(mpsc::error::TrySendError::Full(_span)) = sent {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn is_empty_receive(span: &SpanData) -> bool {
    let mut attributes = span.attributes.iter();
    let count = attributes.find(|attribute| attribute.key.as_str() == MESSAGE_COUNT);
    count.is_some_and(|count| matches!(count.value, opentelemetry::Value::I64(0)))
}

/// The task that sends.
#[derive(Debug)]
pub(super) struct ExportTask {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl ExportTask {
    pub(super) async fn finish(self) {
        self.stop.cancel();
        if timeout(LAST_EXPORT, self.task).await.is_err() {
            warn!("the collector did not take the last spans in time");
        }
    }
}

/// Starts the task.
pub(super) fn start(
    plan: &Plan,
    resource: &Resource,
) -> Result<(Queue, ExportTask), HttpClientError> {
    let options = ConnectOptions {
        idle_per_host: 1,
        ..ConnectOptions::default()
    };
    let transport = Transport::connect(&options)?;
    let (spans, received) = mpsc::channel(QUEUED_SPANS);
    let dropped = Arc::new(AtomicU64::new(0));
    let queue = Queue {
        spans,
        dropped: dropped.clone(),
    };
    let exporter = Exporter {
        collector: Collector {
            transport,
            endpoint: plan.endpoint.clone(),
            headers: plan.headers.clone(),
            call: Call::new(plan.timeout, RESPONSE_BYTES).replay(Replay::Safe),
            resource: resource.into(),
        },
        delay: plan.delay,
        dropped,
        muted_until: None,
    };
    let stop = CancellationToken::new();
    let task = tokio::spawn(exporter.run(received, stop.clone()));
    Ok((queue, ExportTask { stop, task }))
}

#[derive(Debug)]
struct Exporter {
    collector: Collector,
    delay: Duration,
    dropped: Arc<AtomicU64>,
    muted_until: Option<Instant>,
}

impl Exporter {
    async fn run(mut self, mut received: mpsc::Receiver<SpanData>, stop: CancellationToken) {
        loop {
            // Cancel-safe: a span that is not received stays in the channel.
            let first = stop.run_until_cancelled(received.recv()).await;
            let Some(Some(first)) = first else { break };
            let mut batch = vec![first];
            let filling = fill(&mut batch, &mut received, Instant::now() + self.delay);
            stop.run_until_cancelled(filling).await;
            self.export(batch).await;
        }
        received.close();
        while let Ok(first) = received.try_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH_SPANS
                && let Ok(span) = received.try_recv()
            {
                batch.push(span);
            }
            self.export(batch).await;
        }
    }

    async fn export(&mut self, batch: Vec<SpanData>) {
        let count = batch.len() as u64;
        let reason = match self.collector.send(batch).await {
            Ok(()) => None,
            Err(reason) => {
                self.dropped.fetch_add(count, Ordering::Relaxed);
                Some(reason)
            }
        };
        self.warn_about_dropped(reason.as_deref());
    }

    fn warn_about_dropped(&mut self, reason: Option<&str>) {
        let now = Instant::now();
        if self.muted_until.is_some_and(|end| now < end) {
            return;
        }
        let spans = self.dropped.swap(0, Ordering::Relaxed);
        if spans > 0 {
            self.muted_until = Some(now + WARN_INTERVAL);
            let reason = reason.unwrap_or("the queue was full");
            warn!(spans, "dropped {spans} spans: {reason}");
        }
    }
}

/// Adds spans until there are enough or it is time.
async fn fill(
    batch: &mut Vec<SpanData>,
    received: &mut mpsc::Receiver<SpanData>,
    deadline: Instant,
) {
    while batch.len() < BATCH_SPANS
        && let Ok(Some(span)) = timeout_at(deadline, received.recv()).await
    {
        batch.push(span);
    }
}

#[derive(Debug)]
struct Collector {
    transport: Transport,
    endpoint: Url,
    headers: HeaderMap,
    call: Call,
    resource: ResourceAttributesWithSchema,
}

impl Collector {
    async fn send(&self, batch: Vec<SpanData>) -> Result<(), String> {
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        let request = ExportTraceServiceRequest { resource_spans };
        let body = Bytes::from(request.encode_to_vec());
        let response = self
            .transport
            .send(&self.call, || self.request(&body))
            .await;
        let response = response.map_err(|error| error_line(&error))?;
        let status = response.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(format!("it answered with {status}"))
        }
    }

    fn request(&self, body: &Bytes) -> Result<Request<Bytes>, http::Error> {
        let mut request = Request::post(self.endpoint.as_str()).body(body.clone())?;
        let headers = request.headers_mut();
        headers.extend(self.headers.clone());
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        headers.insert(CONTENT_TYPE, protobuf);
        Ok(request)
    }
}
