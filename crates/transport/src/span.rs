//! The span of a request, for traces.
//!
//! Spans for traces have a target and a level of their own, so that logs do without them and nothing
//! is recorded where no collector is configured: such a span then costs one comparison of levels.
//! Names and attributes are OpenTelemetry's conventions for HTTP clients. A span shows no user, query
//! or header of its request.

use http::Method;
use tracing::field::Empty;
use tracing::{Level, Span, enabled, trace_span};
use url::{Position, Url};

/// The target of spans for traces.
pub const SPANS: &str = "otel";

/// The span of a request, if it is part of a trace: what this process does on its own account,
/// such as renewing keys, makes none.
pub(crate) fn client_span(method: &Method, url: &Url) -> Span {
    if !enabled!(target: SPANS, Level::TRACE) || !is_in_a_trace() {
        return Span::none();
    }
    trace_span!(
        target: SPANS,
        "request",
        otel.name = method.as_str(),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = method.as_str(),
        http.request.resend_count = Empty,
        http.response.status_code = Empty,
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        url.full = shown(url),
        error.type = Empty,
    )
}

/// The span of the nth repetition of a request; 0 is the first attempt.
pub(crate) fn attempt_span(request: &reqwest::Request, repetition: u32) -> Span {
    let span = client_span(request.method(), request.url());
    if repetition > 0 {
        span.record("http.request.resend_count", repetition);
    }
    span
}

/// Notes the status of a response. By the conventions, any from 400 on is a client's error.
pub(crate) fn responded(span: &Span, status: http::StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status.as_u16());
    if status.is_client_error() || status.is_server_error() {
        failed(span, status.as_str());
    }
}

/// Notes in a span that its work failed. `kind` is of a closed set.
pub fn failed(span: &Span, kind: &str) {
    if !span.is_disabled() {
        span.record("error.type", kind);
        span.record("otel.status_code", "ERROR");
    }
}

fn is_in_a_trace() -> bool {
    let current = Span::current();
    current
        .metadata()
        .is_some_and(|metadata| metadata.target() == SPANS)
}

/// The URL without user and query: a presigned one is a secret.
fn shown(url: &Url) -> String {
    let scheme = &url[..Position::AfterScheme];
    let rest = &url[Position::BeforeHost..Position::AfterPath];
    format!("{scheme}://{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_shown_without_secrets() {
        let table = [
            (
                "https://user:word@example.com:8443/a/b?Signature=s#part",
                "https://example.com:8443/a/b",
            ),
            ("http://example.com", "http://example.com/"),
            ("http://[::1]:80/a%20b", "http://[::1]/a%20b"),
        ];
        for (url, expected) in table {
            assert_eq!(shown(&url.parse().unwrap()), expected);
        }
    }
}
