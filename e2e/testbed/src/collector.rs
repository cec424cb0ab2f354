//! A collector of OpenTelemetry: keeps the spans that it gets by OTLP over HTTP.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// Attributes by their names, as text.
pub type Attributes = BTreeMap<String, String>;

/// A running collector on a free port; it ends with its last clone.
#[derive(Debug, Clone)]
pub struct Collector {
    address: SocketAddr,
    shared: Shared,
    _server: Arc<AbortOnDropHandle<std::io::Result<()>>>,
}

/// A span that came.
#[derive(Debug, Clone)]
pub struct CollectedSpan {
    /// `service.name` of its resource.
    pub service: String,
    /// All attributes of its resource.
    pub resource: Attributes,
    /// What was done.
    pub name: String,
    /// `SPAN_KIND_CLIENT` and so on.
    pub kind: &'static str,
    /// In hexadecimal, as are the other ids.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// Empty for the first span of a trace.
    pub parent: String,
    /// Ids of the spans that it links to.
    pub links: Vec<String>,
    /// Its attributes.
    pub attributes: Attributes,
    /// Whether it failed.
    pub is_error: bool,
    /// From its beginning to its end, in nanoseconds since 1970.
    pub time: (u64, u64),
}

#[derive(Debug, Clone, Default)]
struct Shared {
    spans: Arc<Mutex<Vec<CollectedSpan>>>,
    headers: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Collector {
    /// A collector on the loopback interface.
    ///
    /// # Errors
    /// When no port of it can be bound.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no free port for a collector")?;
        let address = listener.local_addr()?;
        let shared = Shared::default();
        let app = Router::new()
            .route("/v1/traces", post(collect))
            .with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self {
            address,
            shared,
            _server: Arc::new(AbortOnDropHandle::new(server)),
        })
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The spans so far.
    #[must_use]
    pub fn spans(&self) -> Vec<CollectedSpan> {
        self.shared.spans.lock().clone()
    }

    /// The headers of each request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<HeaderMap> {
        self.shared.headers.lock().clone()
    }
}

async fn collect(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    shared.headers.lock().push(headers);
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut spans = shared.spans.lock();
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.unwrap_or_default();
        let resource = attributes(&resource.attributes);
        let scopes = of_resource.scope_spans.into_iter();
        spans.extend(
            scopes
                .flat_map(|scope| scope.spans)
                .map(|span| collected(&resource, span)),
        );
    }
    StatusCode::OK
}

fn collected(resource: &Attributes, span: Span) -> CollectedSpan {
    CollectedSpan {
        service: resource.get("service.name").cloned().unwrap_or_default(),
        resource: resource.clone(),
        kind: span.kind().as_str_name(),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
        attributes: attributes(&span.attributes),
        // `STATUS_CODE_ERROR`.
        is_error: span.status.is_some_and(|status| status.code == 2),
        time: (span.start_time_unix_nano, span.end_time_unix_nano),
        name: span.name,
    }
}

fn attributes(pairs: &[KeyValue]) -> Attributes {
    let text = |pair: &KeyValue| {
        let value = pair.value.clone().and_then(|value| value.value);
        match value {
            Some(Value::StringValue(text)) => text,
            Some(Value::IntValue(number)) => number.to_string(),
            other => format!("{other:?}"),
        }
    };
    let pairs = pairs.iter();
    pairs.map(|pair| (pair.key.clone(), text(pair))).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digits = |hex: String, byte| hex + &format!("{byte:02x}");
    bytes.iter().fold(String::new(), digits)
}
