//! Lists, page by page.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::limits::PageSize;

const PREFIX: HeaderName = HeaderName::from_static("x-mns-prefix");
const NUMBER: HeaderName = HeaderName::from_static("x-mns-ret-number");
const MARKER: HeaderName = HeaderName::from_static("x-mns-marker");

/// Where the next page begins. Opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// Takes a marker as a page named it.
    #[must_use]
    pub fn new(marker: impl Into<String>) -> Self {
        Self(marker.into())
    }
}

/// Which page of a list to read. The default is the first page of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Only names that begin with this.
    pub prefix: Option<String>,
    /// The page that a former page named as the next.
    pub marker: Option<Marker>,
    /// The most names on a page; the server's choice when absent.
    pub page_size: Option<PageSize>,
}

impl ListRequest {
    /// The headers that carry the request; `None` when prefix or marker cannot be in a header.
    pub(crate) fn headers(&self) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        if let Some(prefix) = &self.prefix {
            headers.insert(PREFIX, HeaderValue::from_str(prefix).ok()?);
        }
        if let Some(Marker(marker)) = &self.marker {
            headers.insert(MARKER, HeaderValue::from_str(marker).ok()?);
        }
        if let Some(size) = self.page_size {
            headers.insert(NUMBER, HeaderValue::from(size.get()));
        }
        Some(headers)
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items of the page. It may have none though another page follows.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Marker>,
}
