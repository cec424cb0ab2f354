//! Events that the sink will not take, with the reason attached.
//!
//! A dead letter is the original event plus the three attributes that Knative's own data
//! plane adds, in CloudEvents 1.0 whatever the sink takes. It is made from the bytes that were sent, so that no second copy of every
//! event has to be kept just in case.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use events::{Data, Event, EventBuilder as _, EventBuilderV10, HttpMessage, SpecVersion};

use crate::config::{Format, SinkAddress};
use crate::convert::write;
use crate::sink::Failure;
use crate::trace::TRACEPARENT;

/// What Knative keeps of an answer, in characters of base64.
const MAX_DATA_CHARS: usize = 1024;
/// What EventBridge calls MNS, and a message sent to one of its queues.
const MNS_SOURCE: &str = "acs.mns";
const MNS_TYPE: &str = "mns:Queue:SendMessage";

/// Why an event became a dead letter.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Where the event could not be delivered. It is told without user and query.
    pub destination: SinkAddress,
    /// The status, or the nearest to one.
    pub code: u16,
    /// The beginning of the answer's body, or a reason of our own.
    pub data: Vec<u8>,
}

impl Cause {
    /// The sink's last answer.
    #[must_use]
    pub fn refused(destination: &SinkAddress, failure: &Failure) -> Self {
        let data = if failure.body.is_empty() {
            failure.to_string().into_bytes()
        } else {
            failure.body.to_vec()
        };
        Self {
            destination: destination.clone(),
            code: failure.code().as_u16(),
            data,
        }
    }

    /// A message that holds no events; 400 is what a receiver says to such a thing.
    #[must_use]
    pub fn unreadable(destination: &SinkAddress, reason: &str) -> Self {
        Self {
            destination: destination.clone(),
            code: 400,
            data: reason.as_bytes().to_vec(),
        }
    }

    fn attach(&self, event: &mut Event) {
        let mut data = BASE64_STANDARD.encode(&self.data);
        data.truncate(MAX_DATA_CHARS);
        event.set_extension("knativeerrordest", self.destination.to_string());
        event.set_extension("knativeerrorcode", i64::from(self.code));
        event.set_extension("knativeerrordata", data);
    }
}

/// The event that was sent, with the cause attached.
///
/// `None` if it cannot be written, which for an event that has been written before would
/// be a defect; the caller then keeps the message.
#[must_use]
pub fn dead_letter(sent: &HttpMessage, format: Format, cause: &Cause) -> Option<HttpMessage> {
    let mut event = events::from_http(&sent.headers, sent.body.clone()).ok()?;
    cause.attach(&mut event);
    let mut letter = write(SpecVersion::V10, format, event).ok()?;
    if let Some(trace) = sent.headers.get(TRACEPARENT) {
        letter.headers.insert(TRACEPARENT, trace.clone());
    }
    Some(letter)
}

/// A message that could not be read, as an event of its own: the body as it came.
#[must_use]
pub fn unreadable_message(
    message_id: &str,
    queue_arn: &str,
    body: &[u8],
    cause: &Cause,
) -> Option<HttpMessage> {
    let event = EventBuilderV10::new()
        .id(message_id)
        .source(MNS_SOURCE)
        .ty(MNS_TYPE)
        .subject(queue_arn)
        .data("text/plain; charset=utf-8", Data::Binary(body.to_vec()));
    let mut event = event.build().ok()?;
    cause.attach(&mut event);
    events::binary(event).ok()
}
