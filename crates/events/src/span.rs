//! An event in a span, for traces.

use cloudevents::{AttributesReader as _, Event};
use tracing::Span;

/// Says in a span which event it is about, by OpenTelemetry's conventions: in the fields
/// `cloudevents.event_id`, `_source`, `_type` and `_subject`, with which it must have been made.
pub fn describe(span: &Span, event: &Event) {
    span.record("cloudevents.event_id", event.id());
    span.record("cloudevents.event_source", event.source().as_str());
    span.record("cloudevents.event_type", event.ty());
    span.record("cloudevents.event_subject", event.subject());
}
