//! From OSS events to CloudEvents, with the attributes that EventBridge gives them.
//!
//! # Ids
//!
//! Receivers may recognise duplicates by `source` and `id` alone, so an id must be the
//! same at every delivery of an event and differ between any two events. A message that
//! holds one event gives it the id of the OSS request, as EventBridge does. Where one
//! request can have caused several events (several in a message, or a `DeleteObjects`)
//! a digest of the event's JSON is added: `<request id>-<16 hex digits>`, and for
//! further copies of one and the same event in one message `-2`, `-3`. An event without
//! a request id takes the id of its MNS message instead. An id longer than any of MNS, OSS
//! or EventBridge is replaced by its digest: it has to fit a header, once per event.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use events::{
    DateTime, EncodeError, EventBuilder as _, EventBuilderV10, HttpMessage, SpecVersion, Utc,
};
use oss::event::Event;
use service::traces;
use sha2::{Digest as _, Sha256};
use tracing::Span;

use crate::config::{Format, Overrides, Payload, SinkConfig};
use crate::trace::{self, Sampling, TRACEPARENT, push_hex, trace_id, traceparent};

/// What EventBridge calls OSS.
const SOURCE: &str = "acs.oss";
const JSON: &str = "application/json";
/// Longest id that is taken over, in bytes. Those of the cloud have up to 50.
const MAX_ID: usize = 256;

/// Turns OSS events into what the sink gets.
#[derive(Clone, Debug)]
pub struct Converter {
    payload: Payload,
    format: Format,
    spec_version: SpecVersion,
    overrides: Overrides,
    sampling: Sampling,
}

/// An event ready to be sent, as often as necessary.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The event's id, for logs.
    pub id: String,
    /// The event, with its trace context.
    pub message: HttpMessage,
    /// The span of the work on it.
    pub(crate) span: Span,
}

impl Outgoing {
    /// The id of the event's trace, for logs.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        let header = self.message.headers.get(TRACEPARENT);
        header.map(trace_id).unwrap_or_default()
    }
}

impl Converter {
    /// Converts as the configuration says.
    #[must_use]
    pub fn new(config: &SinkConfig, sampling: Sampling) -> Self {
        let SinkConfig {
            payload,
            format,
            spec_version,
            overrides,
            ..
        } = config;
        Self {
            payload: *payload,
            format: *format,
            spec_version: *spec_version,
            overrides: overrides.clone(),
            sampling,
        }
    }

    /// The event as the sink gets it.
    ///
    /// # Errors
    /// Permanent: the event has no HTTP form.
    pub fn convert(&self, id: String, event: &Event) -> Result<Outgoing, EncodeError> {
        self.convert_within(id, event, Span::none())
    }

    /// The event as the sink gets it, with `span` for the work on it: if that records, the event
    /// names it.
    pub(crate) fn convert_within(
        &self,
        id: String,
        event: &Event,
        span: Span,
    ) -> Result<Outgoing, EncodeError> {
        let mut builder = EventBuilderV10::new()
            .id(&id)
            .source(SOURCE)
            .ty(event.name.cloud_event_type());
        if let Some(subject) = event.subject() {
            builder = builder.subject(subject);
        }
        if let Some(time) = event.time {
            builder = builder.time(DateTime::<Utc>::from(SystemTime::from(time)));
        }
        let builder = builder.data(JSON, self.data(event));
        let mut event = builder.build().map_err(EncodeError::Incomplete)?;
        self.overrides.apply(&mut event);
        let given = event.extension("traceparent").map(ToString::to_string);
        let mut trace = traceparent(&id, given.as_deref(), self.sampling);
        trace::enter_trace(&span, given.as_deref(), &trace);
        if let Some(own) = traces::traceparent(&span) {
            events::describe(&span, &event);
            // The extension is that of the first hop: one that the event brought stays.
            if given.is_none() && trace::is_recorded(&own) {
                event.set_extension("traceparent", own.to_str().unwrap_or_default());
            }
            trace = own;
        }
        let mut message = write(self.spec_version, self.format, event)?;
        message.headers.insert(TRACEPARENT, trace);
        Ok(Outgoing { id, message, span })
    }

    fn data(&self, event: &Event) -> Vec<u8> {
        let document = event.document();
        match self.payload {
            Payload::Json => document.into_bytes(),
            Payload::Base64 => format!("\"{}\"", BASE64_STANDARD.encode(document)).into_bytes(),
        }
    }
}

/// Writes an event in the given version and format.
pub(crate) fn write(
    version: SpecVersion,
    format: Format,
    event: events::Event,
) -> Result<HttpMessage, EncodeError> {
    match format {
        Format::Binary => events::binary_as(version, event),
        Format::Structured => events::structured_as(version, &event),
    }
}

/// The ids of a message's events, in order. See the module for the rule.
#[must_use]
pub fn ids(message_id: &str, events: &[Event]) -> Vec<String> {
    let base = |event: &Event| {
        let request_id = event.request_id.as_deref().filter(|id| !id.is_empty());
        short(request_id.unwrap_or(message_id)).into_owned()
    };
    if let [event] = events
        && event.name.action() != "DeleteObjects"
    {
        return vec![base(event)];
    }
    let mut taken = Taken::default();
    let ids = events
        .iter()
        .map(|event| taken.add(format!("{}-{}", base(event), digest(event.raw()))));
    ids.collect()
}

fn short(id: &str) -> Cow<'_, str> {
    if id.len() <= MAX_ID {
        Cow::Borrowed(id)
    } else {
        Cow::Owned(digest(id))
    }
}

/// Ids given away, each with the number that its next copy would get.
#[derive(Default)]
struct Taken(HashMap<String, usize>);

impl Taken {
    /// The id, with a number if it is taken.
    fn add(&mut self, id: String) -> String {
        let Some(&(mut number)) = self.0.get(&id) else {
            self.0.insert(id.clone(), 2);
            return id;
        };
        let free = loop {
            let candidate = format!("{id}-{number}");
            number += 1;
            if !self.0.contains_key(&candidate) {
                break candidate;
            }
        };
        self.0.insert(id, number);
        self.0.insert(free.clone(), 2);
        free
    }
}

/// The beginning of a SHA-256, in hexadecimal.
fn digest(raw: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(raw).into();
    let mut text = String::with_capacity(16);
    push_hex(&mut text, &digest[..8]);
    text
}
