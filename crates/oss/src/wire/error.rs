//! The error document. It may also come base64-encoded in a header, and may be missing or something
//! else when a proxy answers. Reading it therefore never fails: it finds a document or none.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::{Document, trimmed_if_any};

/// What an error document says, as far as it is of use to a client.
///
/// `StringToSign` and its relatives are left out on purpose: they can hold a security token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ErrorDocument {
    #[serde(deserialize_with = "trimmed_if_any")]
    pub(crate) code: Option<String>,
    #[serde(deserialize_with = "trimmed_if_any")]
    pub(crate) message: Option<String>,
    #[serde(deserialize_with = "trimmed_if_any")]
    pub(crate) request_id: Option<String>,
    #[serde(rename = "EC", deserialize_with = "trimmed_if_any")]
    pub(crate) ec: Option<String>,
    /// The right endpoint, where the bucket is elsewhere.
    #[serde(deserialize_with = "trimmed_if_any")]
    pub(crate) endpoint: Option<String>,
}

impl Document for ErrorDocument {
    const ROOT: &'static str = "Error";
}

impl ErrorDocument {
    /// The document in a response's body, or in the header `x-oss-err` where the response can
    /// have no body.
    pub(crate) fn find(headers: &http::HeaderMap, body: &[u8]) -> Option<Self> {
        Self::in_body(body).or_else(|| {
            let encoded = headers.get("x-oss-err")?.as_bytes().trim_ascii();
            Self::in_body(&BASE64_STANDARD.decode(encoded).ok()?)
        })
    }

    /// The document in a response's body.
    pub(crate) fn in_body(body: &[u8]) -> Option<Self> {
        super::read(body).ok()
    }
}
