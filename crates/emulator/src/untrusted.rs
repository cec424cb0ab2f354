//! The readers of untrusted input, one function each.
//!
//! A fuzzer calls these instead of a server: they are the functions that the handlers call, and
//! they keep nothing.

use std::ops::Range;

use axum::body::Body;
use http::Uri;

use crate::mns::xml::{self, Element};
use crate::oss::address::{Address, Hosts};
use crate::oss::delete::Delete;
use crate::oss::post::form::{self, Fields};
use crate::oss::post::policy::Policy;
use crate::oss::{describe, range};

/// A form of `PostObject`: its fields and the length of its file in bytes. `None` if it is
/// refused.
pub async fn form(content_type: &str, body: Body) -> Option<(Fields, u64)> {
    form::read(content_type, body).await
}

/// Whether this is the policy of a form.
#[must_use]
pub fn is_policy(json: &str) -> bool {
    Policy::parse(json).is_ok()
}

/// How many elements a request to MNS has, and how many bytes of text; `None` if it is refused.
#[must_use]
pub fn mns_document(document: &[u8]) -> Option<(usize, usize)> {
    xml::parse(document).ok().map(|root| measure(&root))
}

fn measure(element: &Element) -> (usize, usize) {
    let own = (1, element.name.len() + element.text.len());
    let children = element.children.iter().map(measure);
    children.fold(own, |sum, child| (sum.0 + child.0, sum.1 + child.1))
}

/// The keys of a request to delete several objects; `None` if it is refused.
#[must_use]
pub fn deleted_keys(document: &[u8]) -> Option<Vec<String>> {
    let delete: Delete = crate::oss::xml::parse(document).ok()?;
    Some(delete.objects.into_iter().map(|named| named.key).collect())
}

/// Bucket and key of a request to `host`; `None` if it is refused.
#[must_use]
pub fn address(uri: &Uri, host: &str) -> Option<(Option<String>, Option<String>)> {
    let hosts = Hosts {
        service: &["oss.example".to_owned()],
        region: "cn-shanghai",
        cname: &|_| None,
    };
    let address = Address::of(uri, host, &hosts).ok()?;
    Some((address.bucket, address.key))
}

/// The `Range` of an object of this size, in bytes.
#[must_use]
pub fn range(text: &str, size: u64) -> Option<Range<u64>> {
    range::parse(text, size)
}

/// The tags of an object; `None` if they are refused.
#[must_use]
pub fn tags(text: &str) -> Option<Vec<(String, String)>> {
    describe::parse_tagging(text)
}
