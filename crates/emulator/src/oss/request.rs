//! One request to OSS, with what every part of the service wants to know of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::HeaderName;
use http::request::Parts;
use jiff::Timestamp;

use super::address::Address;
use super::error::{OssError, Result};
use super::query::Query;
use super::request_id::RequestId;

/// A request whose address makes sense. Its body is elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct OssRequest {
    pub(crate) parts: Parts,
    pub(crate) query: Query,
    pub(crate) address: Address,
    pub(crate) id: RequestId,
    /// Address of the client.
    pub(crate) peer: IpAddr,
    /// When it arrived.
    pub(crate) received: Timestamp,
    /// Whether an event rule delivered an event of it.
    pub(crate) announced: Arc<AtomicBool>,
}

impl OssRequest {
    /// The bucket. Empty for calls to the service, which have no handler that asks.
    pub(crate) fn bucket(&self) -> &str {
        self.address.bucket.as_deref().unwrap_or_default()
    }

    /// The object key. Empty for calls to a bucket, which have no handler that asks.
    pub(crate) fn key(&self) -> &str {
        self.address.key.as_deref().unwrap_or_default()
    }

    /// The version that is asked for, if it matters.
    pub(crate) fn version(&self) -> Option<&str> {
        self.query.get("versionId").filter(|id| !id.is_empty())
    }

    /// A header's text; `None` when it is absent.
    ///
    /// # Errors
    /// `InvalidArgument` when it is not UTF-8.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>> {
        let Some(value) = self.parts.headers.get(name) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(value.as_bytes());
        text.map(Some)
            .map_err(|_| OssError::invalid_argument(name, "(not UTF-8)"))
    }

    /// A header's value as `parse` reads it; `None` when it is absent.
    ///
    /// # Errors
    /// `InvalidArgument` when `parse` cannot.
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(text) = self.header(name)? else {
            return Ok(None);
        };
        parse(text)
            .map(Some)
            .ok_or_else(|| OssError::invalid_argument(name, text))
    }

    /// Whether a header says `true`.
    ///
    /// # Errors
    /// `InvalidArgument` when it says neither `true` nor `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        let flag = self.parsed(name, |text| text.to_ascii_lowercase().parse().ok())?;
        Ok(flag.unwrap_or_default())
    }

    /// Refuses conditions, for operations that know none.
    ///
    /// # Errors
    /// `NotImplemented`, naming the header.
    pub(crate) fn without_conditions(&self) -> Result<()> {
        let conditions = super::condition::HEADERS.iter();
        let mut present = conditions.filter(|name| self.parts.headers.contains_key(*name));
        match present.next() {
            Some(name) => Err(OssError::not_implemented(HeaderName::as_str(name))),
            None => Ok(()),
        }
    }
}
