//! Where in which trace a span is (W3C `traceparent`).

use std::cell::Cell;

use http::{HeaderName, HeaderValue};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The header of the W3C recommendation.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const VERSION: &str = "00";

thread_local! {
    static NEXT_TRACE: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Random ids, but for a trace whose id [`begin`] gives.
#[derive(Debug, Default)]
pub(super) struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        let given = NEXT_TRACE.take();
        given.unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

/// Makes the span a child of the one that a `traceparent` from outside names, if it names one.
pub fn continue_from(span: &Span, traceparent: &str) {
    if span.is_disabled() {
        return;
    }
    if let Some(parent) = parse(traceparent.trim()) {
        let parent = opentelemetry::Context::new().with_remote_span_context(parent);
        // It fails only where nothing is recorded.
        let _ = span.set_parent(parent);
    }
}

/// Makes the span the first of the trace that a `traceparent` names, whatever its parent.
pub fn begin(span: &Span, traceparent: &str) {
    if span.is_disabled() {
        return;
    }
    if let Some(named) = parse(traceparent) {
        NEXT_TRACE.set(Some(named.trace_id()));
        // Asking for the context starts the span, which takes the id.
        let _ = span.context();
        NEXT_TRACE.take();
    }
}

/// The header by which others continue from this span; none if there is no trace.
#[must_use]
pub fn traceparent(span: &Span) -> Option<HeaderValue> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let span = context.span();
    let own = span.span_context();
    if !own.is_valid() {
        return None;
    }
    let (trace, id, flags) = (own.trace_id(), own.span_id(), own.trace_flags());
    let flags = flags & TraceFlags::SAMPLED;
    HeaderValue::from_str(&format!("{VERSION}-{trace}-{id}-{flags:02x}")).ok()
}

/// Whether a text is a `traceparent` of the version that is written here.
#[must_use]
pub fn is_traceparent(text: &str) -> bool {
    text.split_once('-')
        .is_some_and(|(version, _)| version == VERSION)
        && parse(text).is_some()
}

/// Reads a `traceparent`, of which later versions may only have more parts.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_known = version == VERSION && parts.next().is_none();
    let is_later = is_hex(version, 2) && version != VERSION && version != "ff";
    let is_sound = is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    if !is_sound || !(is_known || is_later) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_is_read_as_the_recommendation_says() {
        const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
        const SPAN: &str = "b7ad6b7169203331";
        let table = [
            ("recorded", format!("00-{TRACE}-{SPAN}-01"), Some(true)),
            ("not recorded", format!("00-{TRACE}-{SPAN}-00"), Some(false)),
            ("unknown flags", format!("00-{TRACE}-{SPAN}-ff"), Some(true)),
            (
                "a later version",
                format!("cc-{TRACE}-{SPAN}-01-more"),
                Some(true),
            ),
            (
                "more in version 0",
                format!("00-{TRACE}-{SPAN}-01-more"),
                None,
            ),
            ("no version", format!("ff-{TRACE}-{SPAN}-01"), None),
            (
                "upper case",
                format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
                None,
            ),
            (
                "zero trace",
                format!("00-{}-{SPAN}-01", "0".repeat(32)),
                None,
            ),
            (
                "zero span",
                format!("00-{TRACE}-{}-01", "0".repeat(16)),
                None,
            ),
            ("cut off", format!("00-{TRACE}-{SPAN}"), None),
            ("nothing", String::new(), None),
        ];
        for (name, text, expected) in table {
            let read = parse(&text);
            assert_eq!(read.map(|read| read.is_sampled()), expected, "{name}");
        }
    }
}
