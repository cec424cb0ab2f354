//! Binary mode: attributes in headers, data in the body.

use bytes::Bytes;
use cloudevents::{AttributesWriter, Event};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::{CONTENT_ENCODING, decoded, event, is_taken, version};
use crate::DecodeError;
use crate::attribute::{PREFIX, decode_value, is_name};
use crate::error::shown;
use crate::version::SpecVersion;

/// What starts the name of an extension in 0.1, after the prefix of all attributes.
const OLD_EXTENSION: &str = "x-";

pub(super) fn read(headers: &HeaderMap, body: Bytes) -> Result<Event, DecodeError> {
    let stated = match attribute(headers, "specversion")? {
        Some(stated) => stated,
        None => attribute(headers, "cloudeventsversion")?.ok_or(DecodeError::NotAnEvent)?,
    };
    let version = version(&stated)?;
    let mut event = event(version, |name| {
        attribute(headers, &version.name(name).to_ascii_lowercase())
    })?;
    if let Some(content_type) = headers.get(CONTENT_TYPE) {
        event.set_datacontenttype(Some(String::from_utf8_lossy(content_type.as_bytes())));
    }
    set_extensions(version, &mut event, headers)?;
    if body.is_empty() {
        return Ok(event);
    }
    let encoding = if version.is_lenient() {
        attribute(headers, CONTENT_ENCODING)?
    } else {
        None
    };
    let data = decoded(encoding.as_deref(), &body).unwrap_or_else(|| Vec::from(body));
    event.set_data_unchecked(data);
    Ok(event)
}

fn set_extensions(
    version: SpecVersion,
    event: &mut Event,
    headers: &HeaderMap,
) -> Result<(), DecodeError> {
    let names = headers
        .keys()
        .filter_map(|header| header.as_str().strip_prefix(PREFIX));
    for header in names {
        let name = match version {
            SpecVersion::V01 => header.strip_prefix(OLD_EXTENSION).unwrap_or(header),
            _ => header,
        };
        if !is_name(name) || is_taken(version, name) {
            continue;
        }
        if let Some(value) = attribute(headers, header)? {
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
