//! The documents of OSS, read without a call.
//!
//! The operations read their responses with the same functions. They are public so that a fuzzer
//! can call them. None of them panics, and what they keep is bounded by what they were given.

use http::HeaderMap;
use http::response::Parts;

use crate::bucket::ListPage;
use crate::error::Refusal;
use crate::meta::ObjectMeta;
use crate::wire::{self, BucketInfo, DeleteResult, ListBucketResult};

/// Reads a page of a listing; `None` if it is none.
#[must_use]
pub fn listing(document: &[u8]) -> Option<ListPage> {
    let document: ListBucketResult = wire::read(document).ok()?;
    ListPage::read(&document, None).ok()
}

/// Reads which keys were deleted; `None` if the document does not say.
#[must_use]
pub fn deleted(document: &[u8]) -> Option<Vec<String>> {
    let document: DeleteResult = wire::read(document).ok()?;
    document.keys().ok()
}

/// Whether the document describes a bucket.
#[must_use]
pub fn is_bucket_info(document: &[u8]) -> bool {
    wire::read::<BucketInfo>(document).is_ok()
}

/// Reads a refusal. Only the status must be there.
#[must_use]
pub fn refusal(head: &Parts, body: &[u8]) -> Refusal {
    Refusal::read(head, body)
}

/// Reads what the head of a response says about an object of `size_bytes`; `None` if it does
/// not name a version.
#[must_use]
pub fn object_meta(headers: &HeaderMap, size_bytes: u64) -> Option<ObjectMeta> {
    ObjectMeta::read(headers, size_bytes).ok()
}
