//! Paging through names, as all list operations do it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;

use super::response::MnsResponse;
use crate::mns::attributes::in_range;
use crate::mns::name::Name;
use crate::mns::refusal::{Code, Refusal};
use crate::mns::xml::{self, Writer};

/// The largest page, and the size of one that names no size.
const MAX_PAGE: u32 = 1000;

/// Parameters of a list request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListRequest {
    prefix: String,
    /// The page begins after this name.
    after: Option<String>,
    size: usize,
    /// Whether the attributes of each are wanted too.
    pub(super) with_meta: bool,
}

impl ListRequest {
    /// Reads the `x-mns-` headers of a list request.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let size = get("x-mns-ret-number");
        let size = size
            .map(|size| in_range("x-mns-ret-number", size, 1..=MAX_PAGE))
            .transpose()?;
        Ok(Self {
            prefix: get("x-mns-prefix").unwrap_or_default().to_owned(),
            after: get("x-mns-marker").map(decode_marker).transpose()?,
            size: usize::try_from(size.unwrap_or(MAX_PAGE)).unwrap_or(usize::MAX),
            with_meta: get("x-mns-with-meta").is_some_and(|it| it.eq_ignore_ascii_case("true")),
        })
    }

    /// One page of `items`, which are in the order of their names, and the marker of the
    /// next page if there is one.
    pub(super) fn page<T>(
        &self,
        items: Vec<T>,
        name: impl Fn(&T) -> &Name,
    ) -> (Vec<T>, Option<String>) {
        let wanted = |item: &T| {
            let name = name(item).as_str();
            name.starts_with(&self.prefix) && self.after.as_deref().is_none_or(|after| name > after)
        };
        let mut page: Vec<T> = items
            .into_iter()
            .filter(wanted)
            .take(self.size + 1)
            .collect();
        let more = page.len() > self.size;
        page.truncate(self.size);
        let last = page
            .last()
            .map(|item| BASE64_STANDARD.encode(name(item).as_str()));
        (page, last.filter(|_| more))
    }
}

/// Markers are opaque, so that callers do not build them.
fn decode_marker(marker: &str) -> Result<String, Refusal> {
    let bytes = BASE64_STANDARD.decode(marker).ok();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| {
        Refusal::new(
            Code::InvalidArgument,
            "The value of x-mns-marker is invalid.",
        )
    })
}

/// The answer to a list request. The marker is left out on the last page: an empty one
/// breaks the Python SDK.
pub(super) fn answer<T>(
    root: &str,
    (page, marker): (Vec<T>, Option<String>),
    mut item: impl FnMut(&mut Writer, &T),
) -> MnsResponse {
    let body = xml::document(root, |list| {
        for it in &page {
            item(list, it);
        }
        if let Some(marker) = &marker {
            list.text("NextMarker", marker);
        }
    });
    MnsResponse::document(http::StatusCode::OK, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &str)]) -> Result<ListRequest, Refusal> {
        let pairs = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        ListRequest::read(&pairs.collect())
    }

    #[test]
    fn sizes_out_of_range_and_foreign_markers_are_refused() {
        for header in [
            ("x-mns-ret-number", "0"),
            ("x-mns-ret-number", "1001"),
            ("x-mns-ret-number", "many"),
            ("x-mns-marker", "!"),
        ] {
            assert_eq!(
                request(&[header]).unwrap_err().code,
                Code::InvalidArgument,
                "{header:?}"
            );
        }
    }
}
