//! From an event to headers and a body.
//!
//! Writes exactly what the event holds: it adds no id, time or tracing attribute.

mod structured;

use std::fmt::Display;

use bytes::Bytes;
use cloudevents::event::AttributeValue;
use cloudevents::{AttributesReader, Data, Event};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::EncodeError;
use crate::attribute::{CORE, PREFIX, encode_value, is_name};
use crate::version::SpecVersion;
pub use structured::{structured, structured_as};

/// The content type of JSON data in an event that states none.
const JSON: HeaderValue = HeaderValue::from_static(crate::attribute::JSON);

/// Names that mean something else in one of the two modes.
const RESERVED: [&str; 3] = ["data", "database64", "datacontenttype"];

/// An event as one HTTP message: the body of a request or of an answer.
#[derive(Clone, Debug)]
pub struct HttpMessage {
    /// `Content-Type` and, in binary mode, one `ce-` header per attribute.
    pub headers: HeaderMap,
    /// Cheap to clone, so that a retry sends the same bytes.
    pub body: Bytes,
}

/// The event in binary mode: attributes in headers, data in the body.
///
/// # Errors
/// Permanent: the event cannot be written in binary mode.
pub fn binary(event: Event) -> Result<HttpMessage, EncodeError> {
    binary_as(SpecVersion::V10, event)
}

/// The event in binary mode, by the names of another version.
///
/// # Errors
/// Permanent: the event cannot be written in binary mode.
pub fn binary_as(version: SpecVersion, mut event: Event) -> Result<HttpMessage, EncodeError> {
    let headers = headers(version, &event)?;
    let (_, _, data) = event.take_data();
    let body = match data {
        None => Bytes::new(),
        Some(Data::Binary(bytes)) => bytes.into(),
        Some(Data::String(text)) => text.into(),
        Some(Data::Json(value)) => serde_json::to_vec(&value)
            .map_err(EncodeError::Json)?
            .into(),
    };
    Ok(HttpMessage { headers, body })
}

/// The headers of the event in binary mode, values percent-encoded.
///
/// # Errors
/// Permanent: a name or value that has no header form.
pub fn binary_headers(event: &Event) -> Result<HeaderMap, EncodeError> {
    headers(SpecVersion::V10, event)
}

fn headers(version: SpecVersion, event: &Event) -> Result<HeaderMap, EncodeError> {
    check(event)?;
    let mut headers = HeaderMap::with_capacity(12);
    for (attribute, value) in event.iter() {
        let name = header_name(version, attribute);
        match (attribute, &value) {
            ("datacontenttype", _) => {
                put(&mut headers, attribute, CONTENT_TYPE, content_type(&value)?)?;
            }
            ("specversion", _) => insert(&mut headers, &name, version.as_str())?,
            (_, AttributeValue::Time(_)) => insert(&mut headers, &name, &utc(&value))?,
            (_, AttributeValue::String(text)) => insert(&mut headers, &name, text)?,
            _ => insert(&mut headers, &name, &value.to_string())?,
        }
    }
    if matches!(event.data(), Some(Data::Json(_))) && !headers.contains_key(CONTENT_TYPE) {
        put(&mut headers, "datacontenttype", CONTENT_TYPE, JSON)?;
    }
    Ok(headers)
}

/// The name of an attribute's header, without the prefix.
fn header_name(version: SpecVersion, attribute: &str) -> String {
    if version == SpecVersion::V01 && !CORE.contains(&attribute) {
        return format!("x-{attribute}");
    }
    version.name(attribute).to_ascii_lowercase()
}

/// The SDK's builder lets through what no receiver accepts.
fn check(event: &Event) -> Result<(), EncodeError> {
    let required = [
        ("id", event.id()),
        ("source", event.source()),
        ("type", event.ty()),
    ];
    if let Some((attribute, _)) = required.into_iter().find(|(_, value)| value.is_empty()) {
        return Err(EncodeError::Empty { attribute });
    }
    match event
        .iter_extensions()
        .find(|(name, _)| !is_name(name) || RESERVED.contains(name))
    {
        Some((name, _)) => Err(EncodeError::ExtensionName {
            name: name.to_owned(),
        }),
        None => Ok(()),
    }
}

fn content_type(value: &dyn Display) -> Result<HeaderValue, EncodeError> {
    let value = value.to_string();
    HeaderValue::from_str(&value).map_err(|_| EncodeError::ContentType { value })
}

/// RFC 3339 with `Z`, as every published example of our events has it.
fn utc(time: &dyn Display) -> String {
    let text = time.to_string();
    text.strip_suffix("+00:00")
        .map(|local| format!("{local}Z"))
        .unwrap_or(text)
}

fn insert(headers: &mut HeaderMap, attribute: &str, value: &str) -> Result<(), EncodeError> {
    let name = HeaderName::try_from(format!("{PREFIX}{attribute}"));
    let name = name.map_err(|error| no_header(attribute, error))?;
    let value = HeaderValue::from_str(&encode_value(value));
    let value = value.map_err(|error| no_header(attribute, error))?;
    put(headers, attribute, name, value)
}

/// A map of headers holds some ten thousands; an event may have more attributes.
fn put(
    headers: &mut HeaderMap,
    attribute: &str,
    name: HeaderName,
    value: HeaderValue,
) -> Result<(), EncodeError> {
    let put = headers.try_insert(name, value);
    put.map(drop).map_err(|error| no_header(attribute, error))
}

fn no_header(attribute: &str, source: impl Into<http::Error>) -> EncodeError {
    EncodeError::Header {
        attribute: attribute.to_owned(),
        source: source.into(),
    }
}
