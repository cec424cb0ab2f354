//! Why an event could not be written or read.
//!
//! Nothing here is worth a retry: the same event fails tomorrow too. A receiver
//! answers a [`DecodeError`] with 400, so that a Broker does not send it again.

use thiserror::Error;

/// How much of a stranger's text an error repeats, in characters.
const SHOWN_CHARS: usize = 200;

/// Why an event has no HTTP form. Permanent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The builder was not given all that an event needs.
    #[error("the event is incomplete")]
    Incomplete(#[source] cloudevents::event::EventBuilderError),
    /// A required attribute holds no text.
    #[error("attribute `{attribute}` of the event is empty")]
    Empty {
        /// `id`, `source` or `type`.
        attribute: &'static str,
    },
    /// CloudEvents allows lower-case letters and digits in names, and reserves some.
    #[error("`{name}` is not the name of an extension: use other lower-case letters and digits")]
    ExtensionName {
        /// The name as given.
        name: String,
    },
    /// `datacontenttype` cannot be a header value.
    #[error("`{value}` is not a content type")]
    ContentType {
        /// The value as given.
        value: String,
    },
    /// An attribute did not fit into a header even with percent sequences.
    #[error("attribute `{attribute}` of the event cannot be a header")]
    Header {
        /// Its name.
        attribute: String,
        /// The reason of the HTTP library.
        #[source]
        source: http::Error,
    },
    /// The data has no JSON form.
    #[error("the event has no JSON form")]
    Json(#[source] serde_json::Error),
}

/// Why a request holds no event that we take. Permanent; answer it with 400.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Neither `ce-specversion` nor a CloudEvents content type.
    #[error(
        "not a CloudEvent: no header `ce-specversion` and no content type `application/cloudevents+json`"
    )]
    NotAnEvent,
    /// Knative receivers take one event per request, and so do we.
    #[error("batches of events are not accepted: send one event per request")]
    Batch,
    /// Structured mode in a format other than JSON.
    #[error(
        "content type `{content_type}` is not accepted: use `application/cloudevents+json` or binary mode"
    )]
    Format {
        /// Its media type, without parameters.
        content_type: String,
    },
    /// A version not yet written, or none at all.
    #[error("CloudEvents version `{version}` is not accepted: use 1.0 (0.1 to 0.3 are read, too)")]
    SpecVersion {
        /// As sent.
        version: String,
    },
    /// Required attributes are absent or empty.
    #[error("the event lacks the required attribute{} {}", if .names.len() > 1 { "s" } else { "" }, in_backticks(.names))]
    Missing {
        /// All of them, in the order of the specification.
        names: Vec<&'static str>,
    },
    /// Two headers or fields for one attribute: it is undefined which one counts.
    #[error("attribute `{attribute}` is given twice")]
    Duplicate {
        /// Its name.
        attribute: String,
    },
    /// The value is not UTF-8, once its percent sequences are decoded.
    #[error("attribute `{attribute}` is not UTF-8")]
    NotUtf8 {
        /// Its name.
        attribute: String,
    },
    /// `time` is not RFC 3339, or `dataschema` not an absolute URI.
    #[error("attribute `{attribute}` does not parse")]
    Value {
        /// Its name.
        attribute: &'static str,
        /// The reason of the parser.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// `data_base64` holds something else.
    #[error("`data_base64` of the event is not base64")]
    Base64(#[source] base64::DecodeError),
    /// The body of a structured event is not the JSON form of one.
    #[error("the body is not a CloudEvent in JSON")]
    Json(#[source] JsonError),
}

/// The message of the JSON parser, shortened: it may repeat much of its input.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct JsonError(String);

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self(shown(&error.to_string()))
    }
}

/// A sender's text as an error repeats it: printable and short.
pub(crate) fn shown(text: &str) -> String {
    let printable = text.chars().filter(|character| !character.is_control());
    printable.take(SHOWN_CHARS).collect()
}

fn in_backticks(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
