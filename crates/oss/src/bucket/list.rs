//! Listing objects, page by page.

use futures_util::{Stream, stream};
use http::Method;
use jiff::Timestamp;

use super::Bucket;
use crate::error::{Error, Operation};
use crate::names::{ETag, ObjectKey};
use crate::wire::{ListBucketResult, WireError};

/// Most bytes of a page: 1000 keys of 1023 bytes, encoded three to one, with what surrounds
/// each of them.
const PAGE_LIMIT_BYTES: usize = 8 * 1024 * 1024;

/// Most objects of one page.
const MAX_PAGE_OBJECTS: u16 = 1000;

/// Which objects to list.
#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    /// Only keys that start so. Empty for all.
    pub prefix: String,
    /// Keys that have this after the prefix are gathered into one entry of
    /// [`ListPage::prefixes`]; usually `/`.
    pub delimiter: Option<String>,
    /// Only keys behind this one, in the order of their bytes.
    pub start_after: Option<String>,
    /// Most entries of one page: 1 to 1000, which is also the default.
    pub page_size: Option<u16>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListPage {
    /// The objects, ordered by the bytes of their keys.
    pub objects: Vec<ListedObject>,
    /// The common starts of keys, up to and with the delimiter.
    pub prefixes: Vec<String>,
    /// Keys that exist but are not an [`ObjectKey`], so that no request can name them.
    pub unaddressable: Vec<String>,
    /// Where the next page starts; `None` on the last one.
    pub next: Option<String>,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedObject {
    /// Its key.
    pub key: ObjectKey,
    /// The version of its content.
    pub etag: ETag,
    /// Size in bytes.
    pub size_bytes: u64,
    /// When its content was last written, by OSS's clock.
    pub last_modified: Option<Timestamp>,
    /// Such as `Standard`.
    pub storage_class: Option<String>,
}

impl Bucket {
    /// Reads one page: the first, or the one that a previous page's [`ListPage::next`] names.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn list(&self, list: &ListRequest, after: Option<&str>) -> Result<ListPage, Error> {
        let page_size = list
            .page_size
            .unwrap_or(MAX_PAGE_OBJECTS)
            .clamp(1, MAX_PAGE_OBJECTS);
        let page_size = page_size.to_string();
        let mut request = self
            .on_bucket(Operation::ListObjectsV2, Method::GET)
            .response_limit_bytes(PAGE_LIMIT_BYTES)
            .query("list-type", "2")
            .query("encoding-type", "url")
            .query("max-keys", &page_size);
        for (name, value) in [
            (
                "prefix",
                Some(list.prefix.as_str()).filter(|prefix| !prefix.is_empty()),
            ),
            ("delimiter", list.delimiter.as_deref()),
            ("start-after", list.start_after.as_deref()),
            ("continuation-token", after),
        ] {
            if let Some(value) = value {
                request = request.query(name, value);
            }
        }
        let (_, document) = request.send_for().await?;
        ListPage::read(&document, after)
            .map_err(|source| Error::unreadable(request.context(), source))
    }

    /// All pages, each asked for when the stream gets there. The stream ends after an error.
    pub fn pages(&self, list: ListRequest) -> impl Stream<Item = Result<ListPage, Error>> {
        let start = Some((self.clone(), list, None));
        stream::try_unfold(start, async |state| {
            let Some((bucket, list, after)) = state else {
                return Ok(None);
            };
            let page = bucket.list(&list, after.as_deref()).await?;
            let next = page.next.clone().map(|token| (bucket, list, Some(token)));
            Ok(Some((page, next)))
        })
    }
}

impl ListPage {
    pub(crate) fn read(
        document: &ListBucketResult,
        asked_after: Option<&str>,
    ) -> Result<Self, WireError> {
        let next = document.next_token()?;
        if next.is_some() && next.as_deref() == asked_after {
            // A list that does not advance would never end.
            let reason = "it is the token of this very page";
            return Err(WireError::value("NextContinuationToken", reason));
        }
        let mut page = Self {
            objects: vec![],
            prefixes: vec![],
            unaddressable: vec![],
            next,
        };
        for entry in &document.contents {
            let text = document.decode(&entry.key)?;
            let Ok(key) = text.parse() else {
                page.unaddressable.push(text);
                continue;
            };
            page.objects.push(ListedObject {
                key,
                etag: entry
                    .etag
                    .parse()
                    .map_err(|source| WireError::value("ETag", source))?,
                size_bytes: entry.size,
                last_modified: entry.last_modified.parse().ok(),
                storage_class: entry.storage_class.clone(),
            });
        }
        for entry in &document.common_prefixes {
            page.prefixes.push(document.decode(&entry.prefix)?);
        }
        Ok(page)
    }
}
