//! Structured mode: everything in one JSON document.
//!
//! Only the attributes become values. The data stays the text that it is: as a tree, a document
//! of tiny values would take some hundred times its size.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cloudevents::event::ExtensionValue;
use cloudevents::{AttributesWriter, Data, Event};
use serde::Deserializer as _;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{CONTENT_ENCODING, decoded, event, is_taken, version};
use crate::DecodeError;
use crate::attribute::{JSON, is_json, is_name};
use crate::error::shown;
use crate::version::SpecVersion;

/// Most attributes read. Servers take about a hundred headers, and so attributes in the other
/// mode.
const MAX_FIELDS: usize = 256;

/// Where 0.1 keeps its extensions.
const OLD_EXTENSIONS: &str = "extensions";

pub(super) fn read(body: &[u8]) -> Result<Event, DecodeError> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let fields = Fields::read(body)?;
    let stated = match fields.text("specversion")? {
        Some(stated) => stated,
        None => fields.text("cloudEventsVersion")?.unwrap_or_default(),
    };
    if stated.is_empty() {
        return Err(DecodeError::Missing {
            names: missing(&fields),
        });
    }
    let version = version(&stated)?;
    let mut event = event(version, |name| fields.text(version.name(name)))?;
    fields.set_extensions(version, &mut event);
    if version == SpecVersion::V01
        && let Some(extensions) = fields.value(OLD_EXTENSIONS)?
    {
        Fields::read(extensions.get().as_bytes())?.set_extensions(version, &mut event);
    }
    let content_type = fields.text(version.name("datacontenttype"))?;
    let data = fields.data(version, content_type.as_deref())?;
    // In this mode data without a content type is JSON; in the other it would be anything.
    let content_type = content_type.or_else(|| data.is_some().then(|| JSON.to_owned()));
    if let Some(content_type) = content_type {
        event.set_datacontenttype(Some(content_type));
    }
    if let Some(data) = data {
        event.set_data_unchecked(data);
    }
    Ok(event)
}

/// What an event without a version lacks, by the names of 1.0.
fn missing(fields: &Fields<'_>) -> Vec<&'static str> {
    let is_absent = |name: &&str| {
        let text = fields.text(name).ok().flatten();
        text.is_none_or(|text| text.is_empty())
    };
    let names = ["specversion", "id", "source", "type"];
    names.into_iter().filter(is_absent).collect()
}

/// The fields of a JSON object, in order, not looked into.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    fn read(text: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let fields = reader.deserialize_map(Object).map_err(not_json)?;
        reader.end().map_err(not_json)?;
        Ok(Self(fields))
    }

    /// A value that is there and not `null`.
    fn value(&self, name: &str) -> Result<Option<&'a RawValue>, DecodeError> {
        let mut values = self.0.iter().filter(|(own, _)| own == name);
        let first = values.next().map(|(_, value)| *value);
        if values.next().is_some() {
            return Err(DecodeError::Duplicate {
                attribute: shown(name),
            });
        }
        Ok(first.filter(|value| value.get() != "null"))
    }

    /// A value that is text.
    fn text(&self, name: &str) -> Result<Option<String>, DecodeError> {
        let value = self.value(name)?.filter(|value| is_text(value));
        value
            .map(|value| serde_json::from_str(value.get()).map_err(not_json))
            .transpose()
    }

    fn set_extensions(&self, version: SpecVersion, event: &mut Event) {
        for (name, value) in &self.0 {
            if is_name(name)
                && !is_taken(version, name)
                && let Some(value) = extension(value)
            {
                event.set_extension(name, value);
            }
        }
    }

    fn data(
        &self,
        version: SpecVersion,
        content_type: Option<&str>,
    ) -> Result<Option<Data>, DecodeError> {
        if version == SpecVersion::V10
            && let Some(text) = self.text("data_base64")?
        {
            let data = BASE64_STANDARD.decode(text.trim());
            return Ok(Some(Data::Binary(data.map_err(DecodeError::Base64)?)));
        }
        let Some(value) = self.value("data")? else {
            return Ok(None);
        };
        if version.is_lenient()
            && let encoding = self.text(CONTENT_ENCODING)?
            && let Some(data) = decoded(encoding.as_deref(), value.get().as_bytes())
        {
            return Ok(Some(Data::Binary(data)));
        }
        if is_text(value) && !is_json(content_type) {
            let text = serde_json::from_str(value.get()).map_err(not_json)?;
            return Ok(Some(Data::String(text)));
        }
        Ok(Some(Data::Binary(value.get().as_bytes().to_vec())))
    }
}

fn is_text(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

/// The value of an extension, if it is of a type that CloudEvents has.
fn extension(value: &RawValue) -> Option<ExtensionValue> {
    let value = value.get();
    match value.as_bytes().first()? {
        b'"' => serde_json::from_str(value).ok().map(ExtensionValue::String),
        b't' => Some(ExtensionValue::Boolean(true)),
        b'f' => Some(ExtensionValue::Boolean(false)),
        _ => value.parse().ok().map(ExtensionValue::Integer),
    }
}

/// Reads an object of a bounded number of fields.
struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            if fields.len() == MAX_FIELDS {
                return Err(A::Error::custom(format_args!(
                    "there are more than {MAX_FIELDS} attributes"
                )));
            }
            fields.push(field);
        }
        Ok(fields)
    }
}

fn not_json(error: serde_json::Error) -> DecodeError {
    DecodeError::Json(error.into())
}
