//! From headers and a body to an event.
//!
//! Takes header bytes, never an ASCII-only view of them, and trusts nothing in them.

use bytes::Bytes;
use cloudevents::event::{EventBuilderV10, SpecVersion, TryIntoTime, TryIntoUrl};
use cloudevents::{AttributesReader, AttributesWriter, Event, EventBuilder};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use crate::DecodeError;
use crate::attribute::{CORE, PREFIX, decode_value, is_name};
use crate::error::shown;

/// What every event has. `specversion` comes first: it decides about the others.
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];

/// Reads one event in binary or structured mode; the content type tells which.
///
/// Headers named `ce-` but not like an attribute are passed over, as are
/// `ce-datacontenttype` and `ce-data`, which binary mode does not have. Data in
/// binary mode stays bytes, whatever its content type; an empty body is no data.
///
/// # Errors
/// Permanent: the request holds no event, or one that breaks the specification.
pub fn from_http(headers: &HeaderMap, body: Bytes) -> Result<Event, DecodeError> {
    let media_type = media_type(headers.get(CONTENT_TYPE));
    match media_type.strip_prefix("application/cloudevents") {
        Some("+json") => from_json(&body),
        Some(format) if format.starts_with("-batch") => Err(DecodeError::Batch),
        Some(format) if format.is_empty() || format.starts_with('+') => Err(DecodeError::Format {
            content_type: shown(&media_type),
        }),
        _ => from_binary(headers, body),
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

fn from_json(body: &[u8]) -> Result<Event, DecodeError> {
    let document: serde_json::Value = serde_json::from_slice(body).map_err(not_json)?;
    let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str);
    check_required(|name| text(name).is_some_and(|value| !value.is_empty()))?;
    check_version(text("specversion").unwrap_or_default())?;
    let event: Event = serde_json::from_value(document).map_err(not_json)?;
    // The SDK reads 0.3 as well; the check above keeps this one honest.
    debug_assert_eq!(event.specversion(), SpecVersion::V10);
    Ok(event)
}

fn from_binary(headers: &HeaderMap, body: Bytes) -> Result<Event, DecodeError> {
    let version = attribute(headers, "specversion")?.ok_or(DecodeError::NotAnEvent)?;
    check_version(&version)?;
    let [id, source, ty] = ["id", "source", "type"]
        .map(|name| attribute(headers, name).map(Option::unwrap_or_default));
    let (id, source, ty) = (id?, source?, ty?);
    check_required(|name| match name {
        "id" => !id.is_empty(),
        "source" => !source.is_empty(),
        "type" => !ty.is_empty(),
        _ => true,
    })?;
    let event = EventBuilderV10::new().id(id).source(source).ty(ty).build();
    let mut event = event.map_err(|source| value_error("source", source))?;
    set_optional(&mut event, headers)?;
    set_extensions(&mut event, headers)?;
    if !body.is_empty() {
        event.set_data_unchecked(Vec::from(body));
    }
    Ok(event)
}

fn set_optional(event: &mut Event, headers: &HeaderMap) -> Result<(), DecodeError> {
    if let Some(subject) = attribute(headers, "subject")? {
        event.set_subject(Some(subject));
    }
    if let Some(time) = attribute(headers, "time")? {
        event.set_time(Some(
            time.into_time()
                .map_err(|source| value_error("time", source))?,
        ));
    }
    if let Some(schema) = attribute(headers, "dataschema")? {
        let schema = schema
            .into_url()
            .map_err(|source| value_error("dataschema", source))?;
        event.set_dataschema(Some(schema));
    }
    if let Some(content_type) = headers.get(CONTENT_TYPE) {
        event.set_datacontenttype(Some(String::from_utf8_lossy(content_type.as_bytes())));
    }
    Ok(())
}

fn set_extensions(event: &mut Event, headers: &HeaderMap) -> Result<(), DecodeError> {
    let names = headers
        .keys()
        .filter_map(|header| header.as_str().strip_prefix(PREFIX));
    for name in names.filter(|name| is_name(name) && !CORE.contains(name)) {
        if let Some(value) = attribute(headers, name)? {
            event.set_extension(name, value);
        }
    }
    Ok(())
}

/// The decoded value of an attribute, if its header is there.
fn attribute(headers: &HeaderMap, name: &str) -> Result<Option<String>, DecodeError> {
    let mut values = headers.get_all(format!("{PREFIX}{name}")).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(DecodeError::Duplicate {
            attribute: shown(name),
        });
    }
    let decoded = decode_value(value.as_bytes());
    decoded.map(Some).ok_or_else(|| DecodeError::NotUtf8 {
        attribute: shown(name),
    })
}

fn check_required(is_present: impl Fn(&str) -> bool) -> Result<(), DecodeError> {
    let names: Vec<_> = REQUIRED
        .into_iter()
        .filter(|name| !is_present(name))
        .collect();
    if names.is_empty() {
        Ok(())
    } else {
        Err(DecodeError::Missing { names })
    }
}

fn check_version(version: &str) -> Result<(), DecodeError> {
    if version == "1.0" {
        return Ok(());
    }
    Err(DecodeError::SpecVersion {
        version: shown(version),
    })
}

fn not_json(error: serde_json::Error) -> DecodeError {
    DecodeError::Json(error.into())
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
