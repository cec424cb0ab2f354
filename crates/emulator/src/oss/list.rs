//! Listing a bucket, in both versions of the call.

use std::collections::BTreeMap;
use std::ops::Bound;

use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::error::{OssError, Result};
use super::object::Object;
use super::query::Query;
use super::request::OssRequest;
use super::xml::Xml;
use super::{Oss, iso_time, reply};

const MAX_KEYS: u64 = 1000;
const DEFAULT_KEYS: u64 = 100;

/// Parameters of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListQuery<'a> {
    pub(super) prefix: &'a str,
    pub(super) delimiter: &'a str,
    /// Keys and common prefixes up to and including this one have been listed.
    pub(super) after: &'a str,
    pub(super) limit: usize,
}

/// One page of a listing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page<'a, T> {
    pub(super) entries: Vec<(&'a str, T)>,
    pub(super) prefixes: Vec<&'a str>,
    /// The last entry or prefix.
    pub(super) last: Option<&'a str>,
    /// Whether there is more.
    pub(super) truncated: bool,
}

impl<'a, T> Page<'a, T> {
    /// The last entry or prefix, if there is more.
    pub(super) fn next(&self) -> Option<&'a str> {
        self.last.filter(|_| self.truncated)
    }
}

/// Lists what is `asked` of entries in the order of their keys. Which of the entries at the
/// marker have been listed is for the caller to know: all that are given count.
pub(super) fn page<'a, T>(
    entries: impl IntoIterator<Item = (&'a str, T)>,
    asked: &ListQuery<'_>,
) -> Page<'a, T> {
    let mut page = Page {
        entries: Vec::new(),
        prefixes: Vec::new(),
        last: None,
        truncated: false,
    };
    for (key, value) in entries {
        if !key.starts_with(asked.prefix) {
            continue;
        }
        let common = asked.common_prefix(key);
        if common
            .is_some_and(|prefix| prefix == asked.after || page.prefixes.last() == Some(&prefix))
        {
            continue;
        }
        if page.entries.len() + page.prefixes.len() == asked.limit {
            page.truncated = true;
            break;
        }
        match common {
            Some(prefix) => page.prefixes.push(prefix),
            None => page.entries.push((key, value)),
        }
        page.last = Some(common.unwrap_or(key));
    }
    page
}

/// Lists what is `asked` of a map, which is in byte order.
pub(super) fn page_of<'a, T>(
    map: &'a BTreeMap<String, T>,
    asked: &ListQuery<'_>,
) -> Page<'a, &'a T> {
    let start = asked.after.max(asked.prefix);
    let from_start = map.range::<str, _>((Bound::Included(start), Bound::Unbounded));
    let unlisted = from_start
        .map(|(key, value)| (key.as_str(), value))
        .take_while(|(key, _)| key.starts_with(asked.prefix))
        .filter(|(key, _)| *key > asked.after);
    page(unlisted, asked)
}

impl<'a> ListQuery<'a> {
    /// Reads the query of a request; the listing begins behind `after`.
    ///
    /// # Errors
    /// `InvalidArgument` for a number of keys out of bounds.
    pub(super) fn read(query: &'a Query, after: &'a str) -> Result<Self> {
        let limit = query
            .number("max-keys", 1..=MAX_KEYS)?
            .unwrap_or(DEFAULT_KEYS);
        Ok(Self {
            prefix: query.get("prefix").unwrap_or_default(),
            delimiter: query.get("delimiter").unwrap_or_default(),
            after,
            limit: count(limit),
        })
    }

    /// The part of `key` up to the first delimiter behind the prefix.
    fn common_prefix<'k>(&self, key: &'k str) -> Option<&'k str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = &key[self.prefix.len()..];
        let end = self.prefix.len() + rest.find(self.delimiter)? + self.delimiter.len();
        Some(&key[..end])
    }
}

/// A count of entries as an index.
pub(super) fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// How keys are written: percent-encoded if the request asks for it, which XML needs for
/// characters that it cannot hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encoding(bool);

impl Encoding {
    /// # Errors
    /// `InvalidArgument` for an encoding that is not known.
    pub(super) fn asked(query: &Query) -> Result<Self> {
        match query.get("encoding-type") {
            None | Some("") => Ok(Self(false)),
            Some("url") => Ok(Self(true)),
            Some(other) => Err(OssError::invalid_argument("encoding-type", other)),
        }
    }

    /// Says in the document how it is encoded.
    pub(super) fn declare(self, xml: &mut Xml) {
        if self.0 {
            xml.text("EncodingType", "url");
        }
    }

    /// Adds an element that holds a key.
    pub(super) fn text(self, xml: &mut Xml, element: &str, key: &str) {
        if self.0 {
            xml.text(element, &signing::encode::component(key));
        } else {
            xml.text(element, key);
        }
    }
}

impl Oss {
    pub(super) fn list_objects(&self, request: &OssRequest) -> Result<Response> {
        let query = &request.query;
        let encoding = Encoding::asked(query)?;
        let marker = query.get("marker").unwrap_or_default();
        let asked = ListQuery::read(query, marker)?;
        let store = self.store();
        let page = page_of(&store.bucket(request.bucket())?.objects, &asked);

        let mut xml = Xml::new("ListBucketResult");
        xml.text("Name", request.bucket());
        encoding.text(&mut xml, "Prefix", asked.prefix);
        encoding.text(&mut xml, "Marker", marker);
        xml.text("MaxKeys", &asked.limit.to_string());
        encoding.text(&mut xml, "Delimiter", asked.delimiter);
        encoding.declare(&mut xml);
        xml.text("IsTruncated", &page.truncated.to_string());
        if let Some(next) = page.next() {
            encoding.text(&mut xml, "NextMarker", next);
        }
        self.entries(&mut xml, encoding, &page, request.received, true);
        Ok(reply::document(xml))
    }

    pub(super) fn list_objects_v2(&self, request: &OssRequest) -> Result<Response> {
        let query = &request.query;
        let encoding = Encoding::asked(query)?;
        let start_after = query.get("start-after").unwrap_or_default();
        let token = query
            .get("continuation-token")
            .filter(|token| !token.is_empty());
        let continued = token.map(read_token).transpose()?;
        let asked = ListQuery::read(query, continued.as_deref().unwrap_or(start_after))?;
        let with_owner = query.get("fetch-owner") == Some("true");
        let store = self.store();
        let page = page_of(&store.bucket(request.bucket())?.objects, &asked);

        let mut xml = Xml::new("ListBucketResult");
        xml.text("Name", request.bucket());
        encoding.text(&mut xml, "Prefix", asked.prefix);
        encoding.text(&mut xml, "StartAfter", start_after);
        xml.text("MaxKeys", &asked.limit.to_string());
        encoding.text(&mut xml, "Delimiter", asked.delimiter);
        encoding.declare(&mut xml);
        xml.text("IsTruncated", &page.truncated.to_string());
        if let Some(token) = token {
            xml.text("ContinuationToken", token);
        }
        if let Some(next) = page.next() {
            xml.text("NextContinuationToken", &write_token(next));
        }
        xml.text(
            "KeyCount",
            &(page.entries.len() + page.prefixes.len()).to_string(),
        );
        self.entries(&mut xml, encoding, &page, request.received, with_owner);
        Ok(reply::document(xml))
    }

    fn entries(
        &self,
        xml: &mut Xml,
        encoding: Encoding,
        page: &Page<'_, &Object>,
        now: Timestamp,
        with_owner: bool,
    ) {
        for (key, object) in &page.entries {
            xml.nest("Contents", |xml| {
                encoding.text(xml, "Key", key);
                describe(xml, object, now);
                if with_owner {
                    self.owner(xml);
                }
            });
        }
        prefixes(xml, encoding, &page.prefixes);
    }
}

/// Writes the elements of one object in a listing.
pub(super) fn describe(xml: &mut Xml, object: &Object, now: Timestamp) {
    xml.text("LastModified", &iso_time(object.modified));
    xml.text("ETag", &object.sums.quoted_etag());
    xml.text("Type", object.type_name());
    xml.text("Size", &object.size().to_string());
    xml.text("StorageClass", object.described.storage_class.name());
    if let Some(info) = object.restore_info(now) {
        xml.text("RestoreInfo", &info);
    }
}

/// Adds the common prefixes of a page.
pub(super) fn prefixes(xml: &mut Xml, encoding: Encoding, prefixes: &[&str]) {
    for prefix in prefixes {
        xml.nest("CommonPrefixes", |xml| encoding.text(xml, "Prefix", prefix));
    }
}

/// A token names the last entry of the page before, in an opaque form.
fn write_token(next: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(next)
}

fn read_token(token: &str) -> Result<String> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| OssError::invalid_argument("continuation-token", token))
}

#[cfg(test)]
mod tests;
