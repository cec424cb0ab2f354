//! From an event to headers and a body.
//!
//! Writes exactly what the event holds: it adds no id, time or tracing attribute.

mod structured;

use std::ops::Range;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
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

/// The headers of the attributes of 1.0 that most events have.
static NAMES: [(&str, HeaderName); 6] = [
    ("specversion", HeaderName::from_static("ce-specversion")),
    ("id", HeaderName::from_static("ce-id")),
    ("type", HeaderName::from_static("ce-type")),
    ("source", HeaderName::from_static("ce-source")),
    ("subject", HeaderName::from_static("ce-subject")),
    ("time", HeaderName::from_static("ce-time")),
];
/// Room for the values of an ordinary event's headers.
const HEADER_TEXT_BYTES: usize = 256;
/// Room for an ordinary event's headers, and some that a sender adds.
const HEADERS: usize = 12;

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
    let (text, places) = header_text(version, event)?;
    let mut headers = HeaderMap::with_capacity(HEADERS);
    for (attribute, name, place) in places {
        let value = HeaderValue::from_maybe_shared(text.slice(place));
        let value = value.map_err(|error| no_header(attribute, error))?;
        put(&mut headers, attribute, name, value)?;
    }
    if matches!(event.data(), Some(Data::Json(_))) && !headers.contains_key(CONTENT_TYPE) {
        put(&mut headers, "datacontenttype", CONTENT_TYPE, JSON)?;
    }
    Ok(headers)
}

/// An attribute, its header, and where its value is in the text of all of them.
type Place<'a> = (&'a str, HeaderName, Range<usize>);

/// The values of all headers in one piece, which they share: it is cheap to make and to clone.
fn header_text(
    version: SpecVersion,
    event: &Event,
) -> Result<(Bytes, Vec<Place<'_>>), EncodeError> {
    let mut text = String::with_capacity(HEADER_TEXT_BYTES);
    let mut places = Vec::with_capacity(HEADERS);
    for (attribute, value) in event.iter() {
        let start = text.len();
        match (attribute, &value) {
            ("datacontenttype", AttributeValue::String(value)) => text.push_str(visible(value)?),
            ("specversion", _) => text.push_str(version.as_str()),
            (_, AttributeValue::Time(time)) => text.push_str(&utc(time)),
            (_, AttributeValue::String(value)) => text.push_str(&encode_value(value)),
            (_, AttributeValue::URIRef(value)) => text.push_str(&encode_value(value)),
            _ => text.push_str(&encode_value(&value.to_string())),
        }
        let name = header_name(version, attribute)?;
        places.push((attribute, name, start..text.len()));
    }
    Ok((text.into(), places))
}

/// The header of an attribute.
fn header_name(version: SpecVersion, attribute: &str) -> Result<HeaderName, EncodeError> {
    if attribute == "datacontenttype" {
        return Ok(CONTENT_TYPE);
    }
    if version == SpecVersion::V10
        && let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == attribute)
    {
        return Ok(name.clone());
    }
    let name = if version == SpecVersion::V01 && !CORE.contains(&attribute) {
        format!("{PREFIX}x-{attribute}")
    } else {
        format!("{PREFIX}{}", version.name(attribute).to_ascii_lowercase())
    };
    HeaderName::try_from(name).map_err(|error| no_header(attribute, error))
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

/// The text, if it can be the value of a header as it is.
fn visible(value: &str) -> Result<&str, EncodeError> {
    let is_visible = |byte| byte == b'\t' || (b' '..=b'~').contains(&byte);
    if value.bytes().all(is_visible) {
        Ok(value)
    } else {
        let value = value.to_owned();
        Err(EncodeError::ContentType { value })
    }
}

/// RFC 3339 with `Z`, as every published example of our events has it.
fn utc(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
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
