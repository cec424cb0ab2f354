//! Structured mode: everything in one JSON document. Data that is JSON goes into it as the text
//! that it is.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cloudevents::event::AttributeValue;
use cloudevents::{AttributesReader, Data, Event};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use serde::Serializer as _;
use serde::ser::{Serialize, SerializeMap};
use serde_json::value::RawValue;

use super::{HttpMessage, check, utc};
use crate::EncodeError;
use crate::attribute::{CORE, is_json};
use crate::data::data_bytes;
use crate::version::SpecVersion;

const STRUCTURED: HeaderValue =
    HeaderValue::from_static("application/cloudevents+json; charset=utf-8");
/// The SDKs of 2019 compare the content type as a whole.
const OLD_STRUCTURED: HeaderValue = HeaderValue::from_static("application/cloudevents+json");

/// The event in structured mode: everything in one JSON body.
///
/// # Errors
/// Permanent: the event has no JSON form.
pub fn structured(event: &Event) -> Result<HttpMessage, EncodeError> {
    structured_as(SpecVersion::V10, event)
}

/// The event in structured mode, by the names of another version.
///
/// # Errors
/// Permanent: the event has no JSON form.
pub fn structured_as(version: SpecVersion, event: &Event) -> Result<HttpMessage, EncodeError> {
    check(event)?;
    let mut body = Vec::new();
    write(version, event, &mut body).map_err(EncodeError::Json)?;
    let content_type = match version {
        SpecVersion::V10 => STRUCTURED,
        SpecVersion::V01 | SpecVersion::V02 | SpecVersion::V03 => OLD_STRUCTURED,
    };
    Ok(HttpMessage {
        headers: HeaderMap::from_iter([(CONTENT_TYPE, content_type)]),
        body: body.into(),
    })
}

fn write(version: SpecVersion, event: &Event, body: &mut Vec<u8>) -> serde_json::Result<()> {
    let mut writer = serde_json::Serializer::new(body);
    let mut document = writer.serialize_map(None)?;
    let is_core = |(attribute, _): &(&str, AttributeValue<'_>)| CORE.contains(attribute);
    for (attribute, value) in event.iter().filter(is_core) {
        match attribute {
            "specversion" => document.serialize_entry(version.name(attribute), version.as_str())?,
            _ => document.serialize_entry(version.name(attribute), &Value(value))?,
        }
    }
    let extensions = Extensions(event);
    match version {
        SpecVersion::V01 => document.serialize_entry("extensions", &extensions)?,
        _ => extensions.write(&mut document)?,
    }
    write_data(version, event, &mut document)?;
    document.end()
}

fn write_data<M: SerializeMap>(
    version: SpecVersion,
    event: &Event,
    document: &mut M,
) -> Result<(), M::Error> {
    let Some(bytes) = data_bytes(event) else {
        return Ok(());
    };
    if is_json(event.datacontenttype()) {
        // Byte for byte: blanks around a value would be lost, and `null` be no data.
        let json = serde_json::from_slice::<&RawValue>(&bytes).ok();
        let json = json.filter(|json| json.get().len() == bytes.len() && json.get() != "null");
        if let Some(json) = json {
            return document.serialize_entry("data", json);
        }
    } else if let Some(Data::String(text)) = event.data() {
        return document.serialize_entry("data", text);
    }
    let encoded = BASE64_STANDARD.encode(&bytes);
    if version == SpecVersion::V10 {
        return document.serialize_entry("data_base64", &encoded);
    }
    document.serialize_entry("datacontentencoding", "base64")?;
    document.serialize_entry("data", &encoded)
}

/// The extensions of an event, as an object of their own or among the other attributes.
struct Extensions<'a>(&'a Event);

impl Extensions<'_> {
    fn write<M: SerializeMap>(&self, document: &mut M) -> Result<(), M::Error> {
        let is_extension = |(attribute, _): &(&str, AttributeValue<'_>)| !CORE.contains(attribute);
        for (attribute, value) in self.0.iter().filter(is_extension) {
            document.serialize_entry(attribute, &Value(value))?;
        }
        Ok(())
    }
}

impl Serialize for Extensions<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        self.write(&mut object)?;
        object.end()
    }
}

/// The value of an attribute.
struct Value<'a>(AttributeValue<'a>);

impl Serialize for Value<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            AttributeValue::Boolean(value) => serializer.serialize_bool(**value),
            AttributeValue::Integer(value) => serializer.serialize_i64(**value),
            AttributeValue::Time(time) => serializer.serialize_str(&utc(time)),
            AttributeValue::String(text) => serializer.serialize_str(text),
            other => serializer.collect_str(other),
        }
    }
}
