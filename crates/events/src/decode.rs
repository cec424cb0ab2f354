//! From headers and a body to an event.
//!
//! Takes header bytes, never an ASCII-only view of them, and trusts nothing in them. Events
//! before 1.0 become events of 1.0: attributes get their names of 1.0, and mistakes that the
//! programs of that time ignored are ignored.

mod binary;
mod structured;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use cloudevents::event::{EventBuilderV10, TryIntoTime, TryIntoUrl};
use cloudevents::{AttributesWriter, Event, EventBuilder};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use crate::DecodeError;
use crate::attribute::CORE;
use crate::error::shown;
use crate::version::SpecVersion;

/// The attributes that every event must have besides its version.
const REQUIRED: [&str; 3] = ["id", "source", "type"];

/// The attribute with which events before 1.0 say that their data is in base64.
const CONTENT_ENCODING: &str = "datacontentencoding";

/// Reads one event in binary or structured mode; the content type tells which.
///
/// Binary mode ignores headers that begin with `ce-` and name no attribute, `ce-data` and
/// `ce-datacontenttype`; structured mode ignores extensions whose name or value CloudEvents does
/// not allow. Data is bytes as they would stand in the body of a request in binary mode, or text
/// where it came as a string of another type than JSON. An empty body is no data.
///
/// # Errors
/// Permanent: the request holds no event, or one that breaks the specification.
pub fn from_http(headers: &HeaderMap, body: Bytes) -> Result<Event, DecodeError> {
    let media_type = media_type(headers.get(CONTENT_TYPE));
    match media_type.strip_prefix("application/cloudevents") {
        Some("+json") => structured::read(&body),
        Some(format) if format.starts_with("-batch") => Err(DecodeError::Batch),
        Some(format) if format.is_empty() || format.starts_with('+') => Err(DecodeError::Format {
            content_type: shown(&media_type),
        }),
        _ => binary::read(headers, body),
    }
}

/// Lower case, without parameters; empty if there is none.
fn media_type(content_type: Option<&HeaderValue>) -> String {
    let value = content_type.map(HeaderValue::as_bytes).unwrap_or_default();
    let end = value
        .iter()
        .position(|byte| *byte == b';')
        .unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end])
        .trim()
        .to_ascii_lowercase()
}

/// The version that the event states.
fn version(stated: &str) -> Result<SpecVersion, DecodeError> {
    SpecVersion::parse(stated).ok_or_else(|| DecodeError::SpecVersion {
        version: shown(stated),
    })
}

/// An event with all attributes that have a meaning in CloudEvents. `text` finds the value of
/// one by its name in 1.0.
fn event(
    version: SpecVersion,
    text: impl Fn(&str) -> Result<Option<String>, DecodeError>,
) -> Result<Event, DecodeError> {
    let mut required = [const { String::new() }; 3];
    for (value, name) in required.iter_mut().zip(REQUIRED) {
        *value = text(name)?.unwrap_or_default();
    }
    let is_missing = |(value, _): &(&String, _)| value.is_empty();
    let missing = required.iter().zip(REQUIRED).filter(is_missing);
    let names: Vec<_> = missing.map(|(_, name)| version.name(name)).collect();
    if !names.is_empty() {
        return Err(DecodeError::Missing { names });
    }
    let [id, source, ty] = required;
    let event = EventBuilderV10::new().id(id).source(source).ty(ty).build();
    let mut event = event.map_err(|source| value_error("source", source))?;
    if let Some(subject) = text("subject")? {
        event.set_subject(Some(subject));
    }
    if let Some(time) = text("time")? {
        match time.into_time() {
            Ok(time) => drop(event.set_time(Some(time))),
            Err(_) if version.is_lenient() => {}
            Err(source) => return Err(value_error("time", source)),
        }
    }
    if let Some(schema) = text("dataschema")? {
        match schema.into_url() {
            Ok(schema) => drop(event.set_dataschema(Some(schema))),
            Err(_) if version.is_lenient() => {}
            Err(source) => return Err(value_error("dataschema", source)),
        }
    }
    Ok(event)
}

/// Whether the name is that of an attribute or of the data, and so of no extension.
fn is_taken(version: SpecVersion, name: &str) -> bool {
    CORE.iter().any(|core| {
        let own = version.name(core);
        *core == name || own.eq_ignore_ascii_case(name)
    }) || (version.is_lenient() && name == CONTENT_ENCODING)
}

/// Decodes data that the event says is in base64. Other data stays as it is.
fn decoded(encoding: Option<&str>, text: &[u8]) -> Option<Vec<u8>> {
    encoding.filter(|encoding| encoding.eq_ignore_ascii_case("base64"))?;
    let text = text.trim_ascii();
    let inner = text
        .strip_prefix(b"\"")
        .and_then(|text| text.strip_suffix(b"\""));
    BASE64_STANDARD.decode(inner.unwrap_or(text)).ok()
}

fn value_error(
    attribute: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> DecodeError {
    DecodeError::Value {
        attribute,
        source: Box::new(source),
    }
}
