//! Ranges of bytes: asked for, and as answered.

use std::fmt;

use http::{HeaderMap, header};

use crate::wire::WireError;

/// A part of an object to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// From the first to the last of these positions, both included; positions count from 0.
    /// A last position behind the object's end means its end.
    Between(u64, u64),
    /// From this position to the end.
    From(u64),
    /// As many bytes at the end.
    Last(u64),
}

/// As in the header `Range`.
impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between(first, last) => write!(f, "bytes={first}-{last}"),
            Self::From(first) => write!(f, "bytes={first}-"),
            Self::Last(count) => write!(f, "bytes=-{count}"),
        }
    }
}

/// The part that a response holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Size of the whole object in bytes.
    pub(super) size_bytes: u64,
}

impl ContentRange {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, WireError> {
        const ELEMENT: &str = "Content-Range";
        let value = headers
            .get(header::CONTENT_RANGE)
            .and_then(|value| value.to_str().ok());
        let value = value.ok_or(WireError::Missing { element: ELEMENT })?;
        Self::parse(value)
            .ok_or_else(|| WireError::value(ELEMENT, format!("`{value}` is not a range")))
    }

    /// Reads `bytes <first>-<last>/<size>`.
    fn parse(text: &str) -> Option<Self> {
        let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let range = Self {
            first: first.parse().ok()?,
            last: last.parse().ok()?,
            size_bytes: size.parse().ok()?,
        };
        (range.first <= range.last && range.last < range.size_bytes).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_range_has_its_header() {
        for (range, header) in [
            (ByteRange::Between(0, 9), "bytes=0-9"),
            (ByteRange::From(5), "bytes=5-"),
            (ByteRange::Last(3), "bytes=-3"),
        ] {
            assert_eq!(range.to_string(), header);
        }
    }

    #[test]
    fn only_whole_content_ranges_are_read() {
        let range = ContentRange {
            first: 2,
            last: 5,
            size_bytes: 10,
        };
        assert_eq!(ContentRange::parse("bytes 2-5/10"), Some(range));
        for text in [
            "",
            "bytes",
            "2-5/10",
            "bytes 5-2/10",
            "bytes 2-10/10",
            "bytes 2-5/*",
            "bytes */10",
            "bytes -1-5/10",
        ] {
            assert_eq!(ContentRange::parse(text), None, "{text}");
        }
    }
}
