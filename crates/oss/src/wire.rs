//! The XML of the API, as it is written and read.
//!
//! Structures here mirror documents and stay private; what a document means is said by the
//! public types of the operations. Documents are bounded before they get here. Entities other
//! than XML's own five are not expanded, and a document type declaration defines none.

mod cors;
mod error;
mod requests;
mod results;

use std::fmt::Display;
use std::str::FromStr;

use quick_xml::{Reader, events::Event};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use thiserror::Error;

pub(crate) use self::{
    cors::{CorsConfiguration, with_cors_rule},
    error::ErrorDocument,
    requests::{complete_multipart_upload, delete},
    results::{
        BucketInfo, CompleteMultipartUploadResult, CopyObjectResult, DeleteResult,
        InitiateMultipartUploadResult, ListBucketResult,
    },
};

/// Why a document is not the one expected.
#[derive(Debug, Error)]
pub(crate) enum WireError {
    #[error("the document is not UTF-8 text")]
    NotText,
    #[error("the document has no element `{expected}` at its root")]
    Root { expected: &'static str },
    #[error("the document does not have the expected form")]
    Form {
        #[source]
        source: quick_xml::DeError,
    },
    #[error("the document lacks a value for `{element}`")]
    Missing { element: &'static str },
    #[error("`{element}` has an unusable value")]
    Value {
        element: &'static str,
        #[source]
        source: transport::BoxError,
    },
}

impl WireError {
    pub(crate) fn value(element: &'static str, source: impl Into<transport::BoxError>) -> Self {
        Self::Value {
            element,
            source: source.into(),
        }
    }
}

/// A document with the name of its root.
pub(crate) trait Document: DeserializeOwned {
    const ROOT: &'static str;
}

/// Reads a document whose root element must be the type's own.
///
/// The root is compared first: every field of an error document is unknown to a result, and
/// would otherwise read as an empty one.
pub(crate) fn read<T: Document>(document: &[u8]) -> Result<T, WireError> {
    let text = std::str::from_utf8(document).map_err(|_| WireError::NotText)?;
    if root(text).as_deref() != Some(T::ROOT) {
        return Err(WireError::Root { expected: T::ROOT });
    }
    quick_xml::de::from_str(text).map_err(|source| WireError::Form { source })
}

/// Reads an element's text without the blanks around it, which OSS is free to add.
fn trimmed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.trim().parse().map_err(D::Error::custom)
}

/// As [`trimmed`], for an element that may be missing.
fn trimmed_if_any<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    trimmed(deserializer).map(Some)
}

/// The local name of the first element.
fn root(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => {
                return Some(element.local_name().as_ref().to_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
