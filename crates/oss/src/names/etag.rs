//! Entity tags. OSS writes them quoted in headers and XML but unquoted in events; comparing
//! the two forms as text never matches, so both become one form here.

use std::str::FromStr;

use super::{NameError, readable_text};

/// Longest entity tag accepted, in bytes. An MD5 in hexadecimal has 32; the tags of multipart
/// and appended objects are opaque but of the same order.
const MAX_BYTES: usize = 128;

/// The version of an object's content: unquoted, in upper case.
///
/// For an object written by a single put this is the MD5 of the content; for all others it is
/// opaque. Equal tags mean equal content either way. Parsing takes the tag as any of OSS's
/// documents write it: quoted or not, in either case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ETag(String);

impl ETag {
    /// The form used in `If-Match` and in XML.
    #[must_use]
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl FromStr for ETag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason| Err(NameError::new("an entity tag", text, reason));
        let tag = text.trim();
        let tag = tag
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(tag);
        if !(1..=MAX_BYTES).contains(&tag.len()) {
            return refuse("it must have 1 to 128 characters");
        }
        if !tag.bytes().all(|b| b.is_ascii_graphic() && b != b'"') {
            return refuse("only visible ASCII characters may occur");
        }
        Ok(Self(tag.to_ascii_uppercase()))
    }
}

readable_text!(ETag);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_becomes_the_same_tag() {
        for text in [
            "5D41402ABC4B2A76",
            "\"5D41402ABC4B2A76\"",
            "5d41402abc4b2a76",
            " \"5d41402aBC4B2A76\"\n",
        ] {
            let tag: ETag = text.parse().unwrap();
            assert_eq!(tag.as_str(), "5D41402ABC4B2A76", "{text:?}");
            assert_eq!(tag.quoted(), "\"5D41402ABC4B2A76\"");
        }
    }

    #[test]
    fn what_could_break_a_header_is_refused() {
        let long = "A".repeat(129);
        for text in ["", "\"\"", "\"", "a b", "a\r\nb", "a\"b", "é", &long] {
            assert!(text.parse::<ETag>().is_err(), "{text:?}");
        }
    }
}
