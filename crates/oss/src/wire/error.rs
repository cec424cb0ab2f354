//! The error document. It may also come base64-encoded in a header, and it may be missing or
//! be something else altogether when a proxy answers; so reading it cannot fail, it can only
//! find nothing.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::Document;

/// What an error document says, as far as it is of use to a client.
///
/// `StringToSign` and its relatives are left out on purpose: they can hold a security token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ErrorDocument {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
    #[serde(rename = "EC")]
    pub(crate) ec: Option<String>,
    /// The right endpoint, where the bucket is elsewhere.
    pub(crate) endpoint: Option<String>,
}

impl Document for ErrorDocument {
    const ROOT: &'static str = "Error";
}

impl ErrorDocument {
    /// The document in an answer's body, if there is one.
    pub(crate) fn in_body(body: &[u8]) -> Option<Self> {
        super::read(body).ok()
    }

    /// The document in the header `x-oss-err`, where an answer can have no body.
    pub(crate) fn in_header(headers: &http::HeaderMap) -> Option<Self> {
        let encoded = headers.get("x-oss-err")?;
        let decoded = BASE64_STANDARD
            .decode(encoded.as_bytes().trim_ascii())
            .ok()?;
        Self::in_body(&decoded)
    }
}
