//! The trace of an event (W3C `traceparent`), and the adapter's spans in it.
//!
//! Each event has a trace of its own, derived from its id, so that every delivery of an event, here
//! and behind a Broker, is found under one trace id, which the adapter's log lines name too. Where
//! a collector is named, the adapter records in it: `process`, from the message's arrival to the end
//! of its work, a consumer's span; in it `deliver`, a producer's; in that the request. A receive
//! brings many messages, so its span is in no event's trace, but `process` links to it. Without a
//! collector the event gets the trace all the same, and no spans.

use bytes::Bytes;
use http::HeaderValue;
use mns::QueueName;
use service::traces::{Observability, SPANS, is_traceparent};
use sha2::{Digest as _, Sha256};
use tracing::field::Empty;
use tracing::{Span, trace_span};

pub(crate) use service::traces::MESSAGE_COUNT;
pub use service::traces::TRACEPARENT;

const VERSION: &str = "00";
const TRACEPARENT_BYTES: usize = 55;
/// OpenTelemetry's conventions have no name for MNS.
const SYSTEM: &str = "aliyun_mns";

/// Which traces receivers are asked to record, where the adapter itself records none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling(f64);

impl Sampling {
    /// Without a rate all traces are marked as recorded, because the mark of a parent silences
    /// those receivers that would have recorded by themselves.
    #[must_use]
    pub fn of(config: &Observability) -> Self {
        Self(config.sampling_rate().unwrap_or(1.0))
    }

    /// Judges by the end of a trace id, so that all adapters agree about an event.
    fn takes(self, trace: &[u8]) -> bool {
        let last = trace.iter().rev().take(4);
        let number = last.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        self.0 >= 1.0 || f64::from(number) < self.0 * f64::from(u32::MAX)
    }
}

/// The span of a receive. It must not be entered: what is recorded ends with its last exit.
pub(crate) fn receive_span(queue: &QueueName) -> Span {
    trace_span!(
        target: SPANS,
        parent: None,
        "receive",
        otel.name = format!("receive {queue}"),
        otel.kind = "client",
        otel.status_code = Empty,
        messaging.system = SYSTEM,
        messaging.operation.name = "receive",
        messaging.operation.type = "receive",
        messaging.destination.name = %queue,
        messaging.batch.message_count = Empty,
        error.type = Empty,
    )
}

/// The span of the work on one event of a message that `receive` brought. It ends when it is
/// dropped, for which it must not be entered.
pub(crate) fn process_span(
    queue: &QueueName,
    message_id: &str,
    dequeue_count: u32,
    receive: &Span,
) -> Span {
    let span = trace_span!(
        target: SPANS,
        parent: None,
        "process",
        otel.name = format!("process {queue}"),
        otel.kind = "consumer",
        messaging.system = SYSTEM,
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = %queue,
        messaging.message.id = message_id,
        messaging.mns.message.dequeue_count = dequeue_count,
        cloudevents.event_id = Empty,
        cloudevents.event_source = Empty,
        cloudevents.event_type = Empty,
        cloudevents.event_subject = Empty,
    );
    span.follows_from(receive);
    span
}

/// The span of the delivery of one event, the wait for its turn included.
pub(crate) fn deliver_span(parent: &Span, id: &str) -> Span {
    trace_span!(
        target: SPANS,
        parent: parent,
        "deliver",
        otel.kind = "producer",
        otel.status_code = Empty,
        cloudevents.event_id = id,
        error.type = Empty,
    )
}

/// Puts a span, if it records, into the trace of an event: behind the span that the event's
/// `traceparent` names, else at the beginning of the trace of `header`.
pub(crate) fn enter_trace(span: &Span, extension: Option<&str>, header: &HeaderValue) {
    match (
        extension.filter(|value| is_traceparent(value)),
        header.to_str(),
    ) {
        (Some(extension), _) => service::traces::continue_from(span, extension),
        (None, Ok(header)) => service::traces::begin(span, header),
        (None, Err(_)) => {}
    }
}

/// Whether the header says that its trace is recorded.
pub(crate) fn is_recorded(header: &HeaderValue) -> bool {
    header.as_bytes().ends_with(b"1")
}

/// The header for an event: of the trace that its `traceparent` extension names, else of one
/// that follows from its id.
#[must_use]
pub fn traceparent(id: &str, extension: Option<&str>, sampling: Sampling) -> HeaderValue {
    let given = extension.filter(|value| is_traceparent(value));
    let value = given.map_or_else(|| derived(id, sampling), str::to_owned);
    // It holds nothing but digits and dashes.
    HeaderValue::from_maybe_shared(Bytes::from(value)).unwrap_or(HeaderValue::from_static(VERSION))
}

fn derived(id: &str, sampling: Sampling) -> String {
    let digest: [u8; 32] = Sha256::digest(id).into();
    let (trace, span) = (&digest[..16], &digest[16..24]);
    let mut value = String::with_capacity(TRACEPARENT_BYTES);
    value.push_str(VERSION);
    for part in [trace, span, &[u8::from(sampling.takes(trace))]] {
        value.push('-');
        push_hex(&mut value, part);
    }
    value
}

/// The trace id in the header, for logs.
#[must_use]
pub fn trace_id(header: &HeaderValue) -> &str {
    let id = header.to_str().ok().and_then(|value| value.get(3..35));
    id.unwrap_or_default()
}

/// Appends bytes in hexadecimal.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            let zero = if nibble < 10 { b'0' } else { b'a' - 10 };
            text.push(char::from(zero + nibble));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: Sampling = Sampling(1.0);
    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    #[test]
    fn trace_follows_from_the_id() {
        let header = traceparent("6639A1B2C3D4E5F600000001", None, ALL);
        insta::assert_snapshot!(header.to_str().unwrap(), @"00-143b0b20e98ef9e76bbd3f00a41ba05b-f7a172edfe13f514-01");
        assert_eq!(trace_id(&header), &header.to_str().unwrap()[3..35]);
    }

    #[test]
    fn trace_that_an_event_brings_is_kept_if_it_is_one() {
        let table = [
            ("valid", GIVEN, true),
            (
                "zero",
                "00-00000000000000000000000000000000-b7ad6b7169203331-00",
                false,
            ),
            (
                "upper case",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-00",
                false,
            ),
            (
                "another version",
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
                false,
            ),
            ("cut off", &GIVEN[..50], false),
            ("a part too many", &format!("{GIVEN}-00"), false),
            ("words", "later", false),
        ];
        for (name, value, expected) in table {
            let header = traceparent("id", Some(value), ALL);
            assert_eq!(header == value, expected, "{name}");
            assert!(is_traceparent(header.to_str().unwrap()), "{name}");
        }
    }

    #[test]
    fn rate_decides_what_is_recorded() {
        let table = [
            ("absent", None, 1000..=1000),
            ("none", Some(r#"{"tracing-sampling-rate":"0"}"#), 0..=0),
            (
                "half",
                Some(r#"{"tracing-sampling-rate":"0.5"}"#),
                400..=600,
            ),
            ("a number", Some(r#"{"tracing-sampling-rate":0}"#), 0..=0),
            (
                "too high",
                Some(r#"{"tracing-sampling-rate":"7"}"#),
                1000..=1000,
            ),
            ("not JSON", Some("rate"), 1000..=1000),
        ];
        for (name, config, expected) in table {
            let sampling = Sampling::of(&config.unwrap_or("{}").parse().unwrap());
            let recorded = (0..1000)
                .filter(|id| {
                    let header = traceparent(&id.to_string(), None, sampling);
                    header.to_str().unwrap().ends_with("01")
                })
                .count();
            assert!(expected.contains(&recorded), "{name}: {recorded}");
        }
    }

    proptest! {
        #[test]
        fn every_id_has_a_valid_trace(id in any::<String>(), extension in proptest::option::of(any::<String>())) {
            let header = traceparent(&id, extension.as_deref(), ALL);
            prop_assert!(is_traceparent(header.to_str().unwrap()));
            prop_assert_eq!(traceparent(&id, extension.as_deref(), ALL), header);
        }
    }
}
