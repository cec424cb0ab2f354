//! Documents of responses.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::{Document, WireError, trimmed, trimmed_if_any};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListBucketResult {
    #[serde(default, deserialize_with = "trimmed_if_any")]
    encoding_type: Option<String>,
    #[serde(deserialize_with = "trimmed")]
    pub(crate) is_truncated: bool,
    #[serde(default, deserialize_with = "trimmed_if_any")]
    next_continuation_token: Option<String>,
    #[serde(default)]
    pub(crate) contents: Vec<Contents>,
    #[serde(default)]
    pub(crate) common_prefixes: Vec<CommonPrefix>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Contents {
    pub(crate) key: String,
    #[serde(deserialize_with = "trimmed")]
    pub(crate) last_modified: String,
    #[serde(rename = "ETag", deserialize_with = "trimmed")]
    pub(crate) etag: String,
    #[serde(deserialize_with = "trimmed")]
    pub(crate) size: u64,
    #[serde(default, deserialize_with = "trimmed_if_any")]
    pub(crate) storage_class: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CommonPrefix {
    pub(crate) prefix: String,
}

impl ListBucketResult {
    /// A key or prefix of this document, decoded as the document says it is encoded.
    pub(crate) fn decode(&self, text: &str) -> Result<String, WireError> {
        decode(self.encoding_type.as_deref(), text)
    }

    /// Where the next page starts; `None` on the last page.
    pub(crate) fn next_token(&self) -> Result<Option<String>, WireError> {
        if !self.is_truncated {
            return Ok(None);
        }
        let token = self.next_continuation_token.as_deref().unwrap_or_default();
        if token.is_empty() {
            return Err(WireError::Missing {
                element: "NextContinuationToken",
            });
        }
        self.decode(token).map(Some)
    }
}

impl Document for ListBucketResult {
    const ROOT: &'static str = "ListBucketResult";
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CopyObjectResult {
    #[serde(rename = "ETag", deserialize_with = "trimmed")]
    pub(crate) etag: String,
}

impl Document for CopyObjectResult {
    const ROOT: &'static str = "CopyObjectResult";
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteResult {
    #[serde(default, deserialize_with = "trimmed_if_any")]
    encoding_type: Option<String>,
    #[serde(default)]
    deleted: Vec<Deleted>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Deleted {
    key: String,
}

impl DeleteResult {
    /// The keys that are no longer there.
    pub(crate) fn keys(&self) -> Result<Vec<String>, WireError> {
        let encoding = self.encoding_type.as_deref();
        self.deleted
            .iter()
            .map(|deleted| decode(encoding, &deleted.key))
            .collect()
    }
}

impl Document for DeleteResult {
    const ROOT: &'static str = "DeleteResult";
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InitiateMultipartUploadResult {
    #[serde(deserialize_with = "trimmed")]
    pub(crate) upload_id: String,
}

impl Document for InitiateMultipartUploadResult {
    const ROOT: &'static str = "InitiateMultipartUploadResult";
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CompleteMultipartUploadResult {
    #[serde(rename = "ETag", deserialize_with = "trimmed")]
    pub(crate) etag: String,
}

impl Document for CompleteMultipartUploadResult {
    const ROOT: &'static str = "CompleteMultipartUploadResult";
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BucketInfo {
    pub(crate) bucket: Bucket,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Bucket {
    #[serde(deserialize_with = "trimmed")]
    pub(crate) name: String,
    #[serde(deserialize_with = "trimmed")]
    pub(crate) location: String,
    #[serde(deserialize_with = "trimmed")]
    pub(crate) creation_date: String,
    #[serde(default, deserialize_with = "trimmed_if_any")]
    pub(crate) extranet_endpoint: Option<String>,
    #[serde(default, deserialize_with = "trimmed_if_any")]
    pub(crate) intranet_endpoint: Option<String>,
    #[serde(default, deserialize_with = "trimmed_if_any")]
    pub(crate) storage_class: Option<String>,
    pub(crate) owner: Option<Owner>,
    pub(crate) access_control_list: Option<AccessControlList>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Owner {
    #[serde(rename = "ID", deserialize_with = "trimmed")]
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessControlList {
    #[serde(deserialize_with = "trimmed")]
    pub(crate) grant: String,
}

impl Document for BucketInfo {
    const ROOT: &'static str = "BucketInfo";
}

/// Undoes the encoding that the document names.
///
/// A plus is decoded to a blank, as the official Go and Java clients do and the Python client
/// does not; the service writes neither a blank nor a plus that way.
fn decode(encoding: Option<&str>, text: &str) -> Result<String, WireError> {
    if encoding != Some("url") {
        return Ok(text.to_owned());
    }
    let text = text.trim().replace('+', " ");
    let decoded = percent_decode_str(&text)
        .decode_utf8()
        .map_err(|_| WireError::NotText)?;
    Ok(decoded.into_owned())
}
