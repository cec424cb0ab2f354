//! The metadata of an object, read from and written to headers.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, header};
use jiff::Timestamp;

use crate::crc64::Crc64;
use crate::names::{ETag, NameError};
use crate::wire::WireError;

pub(crate) const CRC64: HeaderName = HeaderName::from_static("x-oss-hash-crc64ecma");

const METADATA_PREFIX: &str = "x-oss-meta-";

/// Most bytes of metadata, names and values together, that OSS stores with an object.
const METADATA_LIMIT_BYTES: usize = 8 * 1024;

/// The user's own metadata of an object.
///
/// Names are letters, digits and `-`, kept in lower case as OSS does. Values are any text
/// without control characters; they travel as UTF-8.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// Adds an entry, or replaces it.
    pub fn try_with(mut self, name: &str, value: &str) -> Result<Self, NameError> {
        let refuse = |text, reason| Err(NameError::new("metadata", text, reason));
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return refuse(name, "its name must be letters, digits and `-`");
        }
        if value.contains(char::is_control) || value.trim() != value {
            return refuse(
                value,
                "its value must have no control characters or blanks around it",
            );
        }
        self.0.insert(name.to_ascii_lowercase(), value.to_owned());
        if self
            .0
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>()
            > METADATA_LIMIT_BYTES
        {
            return refuse(name, "an object can have 8 KiB of metadata");
        }
        Ok(self)
    }

    /// The value of an entry; the name's case does not matter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// All entries, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All entries with the names of their headers.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (String, &str)> {
        self.iter()
            .map(|(name, value)| (format!("{METADATA_PREFIX}{name}"), value))
    }

    fn read(headers: &HeaderMap) -> Self {
        let entries = headers.iter().filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix(METADATA_PREFIX)?;
            Some((
                name.to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            ))
        });
        Self(entries.collect())
    }
}

/// The metadata of an object, as the head of a response has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectMeta {
    /// The version of the content.
    pub etag: ETag,
    /// Size of the whole object in bytes, also when only a range was asked for.
    pub size_bytes: u64,
    /// Media type.
    pub content_type: Option<String>,
    /// When the content was last written, by OSS's clock.
    pub last_modified: Option<Timestamp>,
    /// The user's own metadata.
    pub metadata: Metadata,
    /// Checksum of the whole object. Very old objects have none.
    pub crc64: Option<Crc64>,
}

impl ObjectMeta {
    /// Reads the head of a response about an object of `size_bytes`.
    pub(crate) fn read(headers: &HeaderMap, size_bytes: u64) -> Result<Self, WireError> {
        Ok(Self {
            etag: etag(headers)?,
            size_bytes,
            content_type: text(headers, &header::CONTENT_TYPE).map(str::to_owned),
            last_modified: text(headers, &header::LAST_MODIFIED)
                .and_then(signing::time::parse_http_date),
            metadata: Metadata::read(headers),
            crc64: crc64(headers),
        })
    }
}

/// The version that OSS reports.
pub(crate) fn etag(headers: &HeaderMap) -> Result<ETag, WireError> {
    const ELEMENT: &str = "ETag";
    let etag = text(headers, &header::ETAG).ok_or(WireError::Missing { element: ELEMENT })?;
    etag.parse()
        .map_err(|source| WireError::value(ELEMENT, source))
}

/// The checksum that OSS reports.
pub(crate) fn crc64(headers: &HeaderMap) -> Option<Crc64> {
    text(headers, &CRC64)?.trim().parse().ok().map(Crc64)
}

/// The number of bytes that the response announces.
pub(crate) fn content_length(headers: &HeaderMap) -> Result<u64, WireError> {
    const ELEMENT: &str = "Content-Length";
    let length =
        text(headers, &header::CONTENT_LENGTH).ok_or(WireError::Missing { element: ELEMENT })?;
    length
        .trim()
        .parse()
        .map_err(|source| WireError::value(ELEMENT, source))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
