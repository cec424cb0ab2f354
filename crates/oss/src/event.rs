//! The event document: what OSS says happened to an object.
//!
//! The same events arrive in several wrappings (as published to a topic, as EventBridge hands
//! them on, as the original event source posted them); [`parse`] takes any of them. Documents
//! come from strangers, so reading is bounded in size, depth and number and never panics.
//!
//! This module does not decide what to do about an event. An event of a kind or with a key
//! that a consumer cannot use is still an [`Event`], so that it can be counted, passed on or
//! acknowledged on purpose.

mod address;
mod document;
mod layer;
mod name;
mod object;
mod value;
mod wire;

use jiff::Timestamp;
use thiserror::Error;
use transport::Printable;

pub use self::{
    address::{AddressError, ObjectAddress},
    document::{MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_EVENTS, MAX_WRAPPINGS},
    name::{EventKind, EventName},
};
use crate::names::ETag;

/// One event.
///
/// Everything but the name may be absent: what a publisher leaves out is `None`, and whether
/// the object can be addressed is asked with [`Event::address`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What happened, such as `ObjectCreated:PutObject`.
    pub name: EventName,
    /// When it happened, by OSS's clock; else the time of the CloudEvent that brought it.
    pub time: Option<Timestamp>,
    /// The request that caused the event; the id of the CloudEvent that brought it if the event
    /// does not say. One request can cause several events, for instance when it deletes several
    /// objects.
    pub request_id: Option<String>,
    /// The notification rule that matched. EventBridge leaves it out.
    pub rule_id: Option<String>,
    /// The account that owns the bucket.
    pub owner_id: Option<String>,
    /// Who sent the request that caused the event.
    pub principal_id: Option<String>,
    /// The version of the object.
    pub etag: Option<ETag>,
    /// Size of the object in bytes.
    pub size_bytes: Option<u64>,
    /// Change of the object's size in bytes; negative when it shrank.
    pub delta_bytes: Option<i64>,
    /// Media type of the object. Only EventBridge sends it.
    pub content_type: Option<String>,
    address: Result<ObjectAddress, AddressError>,
    subject: Option<String>,
    raw: String,
}

impl Event {
    /// The object the event is about, if its region, bucket and key are ones that a request
    /// may be made of.
    pub fn address(&self) -> Result<&ObjectAddress, &AddressError> {
        self.address.as_ref()
    }

    /// `acs:oss:<region>:<uid>:<bucket>/<key>`, the subject that EventBridge gives the event,
    /// with the parts exactly as written, valid or not; `None` if one is missing.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The event's JSON object byte for byte as received, with the fields unknown here.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// A document `{"events":[…]}` with this event alone.
    #[must_use]
    pub fn document(&self) -> String {
        [r#"{"events":["#, &self.raw, "]}"].concat()
    }
}

/// Why a document holds no readable events. Always permanent: the same bytes fail again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EventError {
    /// More bytes than any publisher sends.
    #[error("the document has {size_bytes} bytes; the limit is {MAX_DOCUMENT_BYTES}")]
    TooLarge {
        /// Size of the document in bytes.
        size_bytes: usize,
    },
    /// More events than any publisher sends.
    #[error("the document has {count} events; the limit is {MAX_EVENTS}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// Nested more deeply than any publisher's document.
    #[error("the document is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// Neither JSON nor base64 of JSON, however unwrapped.
    #[error("the document is neither JSON nor base64 of JSON")]
    Unrecognised,
    /// A CloudEvent without data.
    #[error("the document is a CloudEvent without data")]
    NoData,
    /// JSON, but not well-formed or not of the expected types.
    #[error("the document is not well-formed JSON")]
    Json {
        /// Where and why.
        #[source]
        source: JsonError,
    },
    /// An item of the list is no event.
    #[error("event {index} of the document is not an OSS event")]
    NotAnEvent {
        /// Its position, counted from 0.
        index: usize,
        /// Where and why.
        #[source]
        source: JsonError,
    },
    /// The event's name is not one that an attribute or a log line can carry.
    #[error("event {index} of the document has an unusable name")]
    Name {
        /// Its position, counted from 0.
        index: usize,
        /// What is wrong with it.
        #[source]
        source: crate::NameError,
    },
}

impl EventError {
    fn json(error: serde_json::Error) -> Self {
        Self::Json {
            source: error.into(),
        }
    }
}

/// The message of the JSON parser, on one line and shortened: it may repeat much of its input.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct JsonError(String);

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self(Printable::cut(&error.to_string(), 200).to_string())
    }
}

/// Reads all events of a document, in order. An empty list of events is an empty result.
///
/// Accepted are `{"events":[…]}` and a single event object. Around it may be, in any order and
/// up to [`MAX_WRAPPINGS`] times: base64, a JSON string, a CloudEvent in JSON whose data it is, a
/// [`Notification`](mns::notification::Notification) of a topic, and a queue message as
/// EventBridge tells of it. Blanks around any of them and a byte order mark are ignored.
///
/// # Errors
/// Always permanent. One unreadable event makes the whole document an error: a consumer that
/// drops a message after reading half of it would lose the other half.
pub fn parse(document: &[u8]) -> Result<Vec<Event>, EventError> {
    document::read(document)
}
