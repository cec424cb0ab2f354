//! The service's spans in the trace of an event.
//!
//! `POST /` is the request, a child of the sender's span; in it `annotate` for each photo; in that
//! `look`, `fetch`, `analyse`, `draw` and `store`, with the requests that they make. Without a
//! collector none is recorded.

use http::{HeaderMap, StatusCode};
use oss::event::ObjectAddress;
use service::traces::{self, SPANS, TRACEPARENT};
use tracing::field::Empty;
use tracing::{Span, trace_span};

use crate::failure::Failure;

/// The span of a request. It must not be entered before [`continue_from_event`].
pub(crate) fn request_span(headers: &HeaderMap) -> Span {
    let span = trace_span!(
        target: SPANS,
        parent: None,
        "request",
        otel.name = "POST /",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = "POST",
        http.route = "/",
        url.path = "/",
        url.scheme = "http",
        http.response.status_code = Empty,
        error.type = Empty,
        cloudevents.event_id = Empty,
        cloudevents.event_source = Empty,
        cloudevents.event_type = Empty,
        cloudevents.event_subject = Empty,
    );
    if let Some(sender) = headers.get(TRACEPARENT) {
        traces::continue_from(&span, sender.to_str().unwrap_or_default());
    }
    span
}

/// Says which event a request is about. If no header named the sender's span, that in the event's
/// extension counts: it is the first span of the event's way, the header's the last.
pub(crate) fn continue_from_event(span: &Span, has_header: bool, event: &events::Event) {
    if span.is_disabled() {
        return;
    }
    let first = event.extension("traceparent").map(ToString::to_string);
    if let (false, Some(first)) = (has_header, first) {
        traces::continue_from(span, &first);
    }
    events::describe(span, event);
}

/// Notes the answer to a request. By the conventions, only what is 500 or more is a server's
/// error.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    if !span.is_disabled() {
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            traces::failed(span, status.as_str());
        }
    }
}

/// The span of the work on one photo.
pub(crate) fn photo_span(address: Option<&ObjectAddress>) -> Span {
    trace_span!(
        target: SPANS,
        "annotate",
        otel.status_code = Empty,
        oss.bucket = address.map(|address| address.bucket.as_str()),
        oss.key = address.map(|address| address.key.as_str()),
        error.type = Empty,
    )
}

/// Notes that a photo failed.
pub(crate) fn failed(span: &Span, failure: &Failure) {
    traces::failed(span, failure.reason());
}
