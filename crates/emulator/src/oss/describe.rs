//! Properties of an object, read from request headers or form fields and written to the
//! headers of an answer.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::encryption::Encryption;
use super::error::{OssError, Result};
use super::object::{Described, ObjectAcl, StorageClass};
use super::store::AboutBucket;

/// The prefix of user metadata.
const META: &str = "x-oss-meta-";
/// Total of names and values of user metadata.
const MAX_META_BYTES: usize = 8 * 1024;
const MAX_TAGS: usize = 10;
/// Headers that are stored as they are and come back on reading.
const STORED: [&str; 6] = [
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
];
const DEFAULT_TYPE: &str = "application/octet-stream";

impl Described {
    /// Reads what the headers of a request say. Without another, the storage class is `class`.
    ///
    /// # Errors
    /// `InvalidArgument`, naming what makes no sense, and those of [`Encryption::read`].
    pub(crate) fn from_headers(headers: &HeaderMap, class: StorageClass) -> Result<Self> {
        let mut pairs = Vec::new();
        for (name, value) in headers {
            let text = std::str::from_utf8(value.as_bytes());
            if let Ok(text) = text {
                pairs.push((name.as_str(), text));
            } else if name.as_str().starts_with(META) {
                return Err(OssError::invalid_argument(name.as_str(), "(not UTF-8)"));
            }
        }
        Self::from_pairs(&pairs, class)
    }

    /// Reads what pairs of lower-case name and text say; others are ignored. Without another,
    /// the storage class is `class`.
    ///
    /// # Errors
    /// `InvalidArgument`, naming what makes no sense, and those of [`Encryption::read`].
    pub(crate) fn from_pairs(pairs: &[(&str, &str)], class: StorageClass) -> Result<Self> {
        let find = |wanted: &str| {
            let found = pairs.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, text)| *text)
        };
        let mut described = Self {
            storage_class: class,
            encryption: Encryption::read(find)?,
            ..Self::default()
        };
        for &(name, text) in pairs {
            described
                .read(name, text)
                .ok_or_else(|| OssError::invalid_argument(name, text))?;
        }
        let metadata = described.metadata.iter();
        if metadata
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>()
            > MAX_META_BYTES
        {
            let message = "Your metadata headers exceed the maximum allowed metadata size.";
            return Err(OssError::bad("InvalidArgument", message));
        }
        described
            .headers
            .entry("content-type".to_owned())
            .or_insert_with(|| DEFAULT_TYPE.to_owned());
        Ok(described)
    }

    /// The headers that an answer with the object has.
    pub(crate) fn to_headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let stored = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str()));
        let metadata = self
            .metadata
            .iter()
            .map(|(name, value)| (format!("{META}{name}"), value.as_str()));
        let pairs = stored.chain(metadata);
        // All came as headers, or as form fields checked to be fit for one.
        let mut headers: Vec<_> = pairs
            .filter_map(|(name, value)| header(&name, value))
            .collect();
        headers.extend(self.encryption_headers());
        headers
    }

    /// The same with the bucket's default encryption, where the object has none of its own.
    pub(crate) fn encrypted_by(mut self, bucket: &AboutBucket) -> Self {
        self.encryption = self.encryption.or_else(|| bucket.encryption.clone());
        self
    }

    /// The headers that tell a writer how the object is encrypted.
    pub(crate) fn encryption_headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let headers = self.encryption.as_ref().map(Encryption::headers);
        headers.unwrap_or_default()
    }

    fn read(&mut self, name: &str, text: &str) -> Option<()> {
        match name {
            "x-oss-storage-class" => self.storage_class = text.parse().ok()?,
            "x-oss-object-acl" => self.acl = ObjectAcl::parse(text)?,
            "x-oss-tagging" => self.tagging = parse_tagging(text)?,
            name if STORED.contains(&name) => insert(&mut self.headers, name, text)?,
            name => {
                if let Some(name) = name.strip_prefix(META) {
                    insert(&mut self.metadata, name, text)?;
                }
            }
        }
        Some(())
    }
}

/// Reads `key=value&key=value`, percent-encoded.
pub(crate) fn parse_tagging(text: &str) -> Option<Vec<(String, String)>> {
    let tags: Vec<_> = url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect();
    are_tags(&tags).then_some(tags)
}

/// Whether these may be the tags of one object: letters, digits, blanks and a few signs.
pub(crate) fn are_tags(tags: &[(String, String)]) -> bool {
    let allowed = |text: &str| {
        text.chars()
            .all(|letter| letter.is_alphanumeric() || " +-=._:/".contains(letter))
    };
    let fits = |(key, value): &(String, String)| {
        let lengths = (key.chars().count(), value.chars().count());
        (1..=128).contains(&lengths.0) && lengths.1 <= 256 && allowed(key) && allowed(value)
    };
    let unique = tags
        .iter()
        .map(|(key, _)| key)
        .collect::<std::collections::HashSet<_>>()
        .len();
    tags.len() <= MAX_TAGS && unique == tags.len() && tags.iter().all(fits)
}

fn insert(into: &mut BTreeMap<String, String>, name: &str, text: &str) -> Option<()> {
    HeaderValue::try_from(text).ok()?;
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_name && !name.is_empty()).then(|| drop(into.insert(name.to_owned(), text.to_owned())))
}

fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((name.parse().ok()?, HeaderValue::try_from(value).ok()?))
}

#[cfg(test)]
mod tests;
