//! The spans of one event where no traces are recorded. The limit is three comparisons.

use std::error::Error;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::{Span, trace_span};
use transport::SPANS;

use crate::{Case, EVENT};

/// All of them; each has succeeded once.
pub(crate) fn cases() -> Result<Vec<Case>, Box<dyn Error>> {
    if !spans(EVENT).is_disabled() {
        return Err("somebody records traces".into());
    }
    let level = AtomicUsize::new(3);
    Ok(vec![Case {
        name: "make the spans of an event, without a collector",
        bytes: EVENT.len(),
        run: Box::new(|| {
            black_box(spans(black_box(EVENT)));
        }),
        limit_name: "three comparisons",
        limit: Box::new(move || {
            for wanted in 3..6 {
                black_box(level.load(Ordering::Relaxed) < black_box(wanted));
            }
        }),
    }])
}

/// As the adapter makes them, each within the one before.
fn spans(event: &str) -> Span {
    let process = trace_span!(
        target: SPANS,
        parent: None,
        "process",
        otel.name = format!("process {event}"),
        messaging.message.id = event,
    );
    let deliver =
        trace_span!(target: SPANS, parent: &process, "deliver", cloudevents.event_id = event);
    trace_span!(target: SPANS, parent: &deliver, "request", url.full = event)
}
