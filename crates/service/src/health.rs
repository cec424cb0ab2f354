//! The endpoints for operators: `/health`, `/readiness`, `/metrics`.
//!
//! They answer from memory and call nobody, so a probe costs nothing and cannot hang.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Limits, Readiness, serve};

/// The content type that Prometheus prefers, and the format of the registry's text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The limits of a listener that serves nothing else: a few kubelets, scrapers and people send
/// small requests.
const LIMITS: Limits = Limits {
    header_read_timeout: Duration::from_secs(10),
    write_stall_timeout: Duration::from_secs(10),
    max_head_bytes: 16 * 1024,
    max_connections: 64,
    drain_grace: Duration::from_secs(1),
};

/// Serves [`router`] on a listener of its own until `stop` is cancelled.
///
/// # Cancel safety
/// Dropping the future cuts every connection.
pub async fn serve_alone(listener: TcpListener, router: Router, stop: CancellationToken) {
    serve(listener, router, LIMITS, stop).await;
}

/// Serves `/health` (200 while the process runs), `/readiness` (200 or 503, with the
/// reasons as text) and `/metrics` (`OpenMetrics` text).
pub fn router(readiness: Readiness, metrics: Arc<Registry>) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route("/readiness", get(show_readiness).with_state(readiness))
        .route("/metrics", get(show_metrics).with_state(metrics))
}

async fn show_readiness(State(readiness): State<Readiness>) -> (StatusCode, String) {
    let status = if readiness.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, readiness.describe())
}

async fn show_metrics(State(metrics): State<Arc<Registry>>) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &metrics) {
        Ok(()) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
