//! `http_client_request_duration_seconds`: the duration of HTTP client requests, by OpenTelemetry's
//! conventions.
//!
//! Untrusted input could create labels without end: an event names a bucket, and with it a host; a
//! server answers with any status. So only the first values get labels of their own; when there are
//! too many, the rest are counted under `_OTHER`. No label holds a path.

use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};
use parking_lot::RwLock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use transport::{CompletedRequest, Observer};

/// The buckets that the conventions advise.
const SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Servers with labels of their own.
const SERVERS: usize = 32;
/// Kinds of requests and their outcomes of one server with labels of their own.
const SERIES: usize = 48;
/// The conventions' value for everything without a label of its own.
const OTHER: &str = "_OTHER";

/// Durations of requests, by server, method and outcome. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct HttpClientMetrics(Arc<RwLock<Vec<Server>>>);

/// Durations of requests to one server. There are few servers, and few outcomes of each, so that a
/// linear search is faster than any map.
#[derive(Debug)]
struct Server {
    host: Box<str>,
    port: u16,
    series: Vec<Series>,
}

#[derive(Debug)]
struct Series {
    /// `None` for any.
    method: Option<Method>,
    outcome: Result<StatusCode, &'static str>,
    took: Histogram,
}

impl HttpClientMetrics {
    /// Registers the histogram. Its name has no prefix, for it is the same everywhere.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register_collector(Box::new(metrics.clone()));
        metrics
    }

    /// As an observer of a transport.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(self.clone())
    }
}

impl Observer for HttpClientMetrics {
    fn on_completed(&self, request: &CompletedRequest<'_>) {
        let seconds = request.elapsed.as_secs_f64();
        let servers = self.0.read();
        let known = servers.iter().find(|server| server.is_of(request));
        if let Some(series) = known.and_then(|server| server.series_of(request)) {
            series.took.observe(seconds);
            return;
        }
        drop(servers);
        let mut servers = self.0.write();
        add(&mut servers, request).observe(seconds);
    }
}

/// The histogram of a request that is the first of its kind.
fn add(servers: &mut Vec<Server>, request: &CompletedRequest<'_>) -> Histogram {
    let known = servers.iter().position(|server| server.is_of(request));
    let rest = servers.iter().position(|server| &*server.host == OTHER);
    let index = known.or(rest).unwrap_or(servers.len());
    if index == servers.len() {
        servers.push(Server::new(request, index >= SERVERS));
    }
    // It was found there, or put there.
    servers
        .get_mut(index)
        .map_or_else(histogram, |server| server.add(request))
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

impl Server {
    fn new(request: &CompletedRequest<'_>, is_other: bool) -> Self {
        let (host, port) = if is_other {
            (OTHER, 0)
        } else {
            (request.host, request.port)
        };
        Self {
            host: host.into(),
            port,
            series: Vec::new(),
        }
    }

    fn is_of(&self, request: &CompletedRequest<'_>) -> bool {
        self.port == request.port && *self.host == *request.host
    }

    fn series_of(&self, request: &CompletedRequest<'_>) -> Option<&Series> {
        let mut series = self.series.iter();
        series.find(|series| {
            series.outcome == request.outcome && series.method.as_ref() == Some(request.method)
        })
    }

    fn add(&mut self, request: &CompletedRequest<'_>) -> Histogram {
        if let Some(series) = self.series_of(request) {
            return series.took.clone();
        }
        let is_full = self.series.len() >= SERIES;
        let rest = self.series.iter().find(|series| series.method.is_none());
        if let Some(rest) = rest {
            return rest.took.clone();
        }
        let series = Series {
            method: (!is_full).then(|| request.method.clone()),
            outcome: if is_full { Err(OTHER) } else { request.outcome },
            took: histogram(),
        };
        let took = series.took.clone();
        self.series.push(series);
        took
    }
}

impl Collector for HttpClientMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut durations = encoder.encode_descriptor(
            "http_client_request_duration",
            "Duration of HTTP client requests",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        let servers = self.0.read();
        for server in servers.iter() {
            for series in &server.series {
                let labels = labels(server, series);
                let labels: Vec<_> = labels
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                series.took.encode(durations.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// The conventions' attributes; what does not apply is left out.
fn labels(server: &Server, series: &Series) -> Vec<(&'static str, String)> {
    let method = series.method.as_ref().map_or(OTHER, Method::as_str);
    let mut labels = vec![
        ("http_request_method", method.to_owned()),
        ("server_address", server.host.to_string()),
    ];
    if server.port != 0 {
        labels.push(("server_port", server.port.to_string()));
    }
    match series.outcome {
        Ok(status) => {
            labels.push(("http_response_status_code", status.as_str().to_owned()));
            if status.is_client_error() || status.is_server_error() {
                labels.push(("error_type", status.as_str().to_owned()));
            }
        }
        Err(kind) => labels.push(("error_type", kind.to_owned())),
    }
    labels
}
