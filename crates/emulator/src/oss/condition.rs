//! Conditions on reading: `If-Match` and its relatives, also those of a copy's source.

use http::HeaderName;
use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use jiff::Timestamp;
use signing::time::parse_http_date;

use super::error::{OssError, Result};
use super::object::Object;
use super::request::OssRequest;

/// Headers that make a request conditional.
pub(crate) const HEADERS: [HeaderName; 4] = [
    IF_MATCH,
    IF_NONE_MATCH,
    IF_MODIFIED_SINCE,
    IF_UNMODIFIED_SINCE,
];

/// The names under which one request gives its conditions.
struct Names {
    matches: &'static str,
    none_match: &'static str,
    modified: &'static str,
    unmodified: &'static str,
}

const OF_OBJECT: Names = Names {
    matches: "if-match",
    none_match: "if-none-match",
    modified: "if-modified-since",
    unmodified: "if-unmodified-since",
};

const OF_SOURCE: Names = Names {
    matches: "x-oss-copy-source-if-match",
    none_match: "x-oss-copy-source-if-none-match",
    modified: "x-oss-copy-source-if-modified-since",
    unmodified: "x-oss-copy-source-if-unmodified-since",
};

/// Checks the conditions that a request makes on the object it reads.
///
/// # Errors
/// `PreconditionFailed`, or 304 without a body.
pub(crate) fn check(request: &OssRequest, object: &Object) -> Result<()> {
    OF_OBJECT.check(request, object)
}

/// Checks the conditions that a copy makes on its source.
///
/// # Errors
/// `PreconditionFailed`, or 304 without a body.
pub(crate) fn check_source(request: &OssRequest, source: &Object) -> Result<()> {
    OF_SOURCE.check(request, source)
}

impl Names {
    fn check(&self, request: &OssRequest, object: &Object) -> Result<()> {
        let date = |name| Ok::<_, OssError>(request.header(name)?.and_then(parse_http_date));
        if request
            .header(self.matches)?
            .is_some_and(|tags| !names(tags, object))
        {
            return Err(OssError::precondition_failed("If-Match"));
        }
        let whole_seconds = Timestamp::from_second(object.modified.as_second());
        let modified = whole_seconds.unwrap_or(object.modified);
        if date(self.unmodified)?.is_some_and(|since| modified > since) {
            return Err(OssError::precondition_failed("If-Unmodified-Since"));
        }
        if request
            .header(self.none_match)?
            .is_some_and(|tags| names(tags, object))
        {
            return Err(OssError::not_modified(object.etag_header()));
        }
        if date(self.modified)?.is_some_and(|since| modified <= since) {
            return Err(OssError::not_modified(object.etag_header()));
        }
        Ok(())
    }
}

/// Whether a list of entity tags names the object's, with or without quotes.
fn names(tags: &str, object: &Object) -> bool {
    let mut tags = tags.split(',').map(|tag| tag.trim().trim_matches('"'));
    tags.any(|tag| tag == "*" || tag.eq_ignore_ascii_case(&object.sums.etag))
}
