//! Reading objects: the whole, a range, or only what is known of them.

use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;

use super::auth::Caller;
use super::error::{OssError, Result};
use super::event::Happened;
use super::object::{Kind, Object};
use super::request::OssRequest;
use super::{Oss, condition, range, reply};

/// Parameters that replace a header of the answer.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-content-type", CONTENT_TYPE),
    ("response-content-language", CONTENT_LANGUAGE),
    ("response-expires", EXPIRES),
    ("response-cache-control", CACHE_CONTROL),
    ("response-content-disposition", CONTENT_DISPOSITION),
    ("response-content-encoding", CONTENT_ENCODING),
];

impl Oss {
    pub(super) fn get_object(&self, request: &OssRequest, caller: Caller) -> Result<Response> {
        let (object, type_name) = self.readable(request)?;
        condition::check(request, &object)?;
        let size = object.size();
        let part = wanted_range(request, size)?;
        let read = part.clone().unwrap_or(0..size);

        let mut response = Response::new(Body::from_stream(
            self.blobs.read(&object.blobs, read.clone()),
        ));
        let headers = response.headers_mut();
        describe(headers, &object, type_name);
        overrides(headers, request, caller)?;
        headers.insert(CONTENT_LENGTH, (read.end - read.start).into());
        if part.is_some() {
            let shown = format!("bytes {}-{}/{size}", read.start, read.end - 1);
            headers.insert(CONTENT_RANGE, value(&shown));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        self.announce(request, &Happened::read(request.key(), &object, read));
        Ok(response)
    }

    pub(super) fn head_object(&self, request: &OssRequest) -> Result<Response> {
        let (object, type_name) = self.readable(request)?;
        condition::check(request, &object)?;
        let mut response = reply::ok();
        describe(response.headers_mut(), &object, type_name);
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, object.size().into());
        Ok(response)
    }

    pub(super) fn get_object_meta(&self, request: &OssRequest) -> Result<Response> {
        let (object, _) = self.readable(request)?;
        let headers = [
            (ETAG, object.etag_header()),
            (LAST_MODIFIED, http_time(object.modified)),
            (CONTENT_LENGTH, object.size().into()),
        ];
        Ok(reply::empty(StatusCode::OK, headers))
    }

    /// The object that a read means, behind a symbolic link if there is one, and its type.
    fn readable(&self, request: &OssRequest) -> Result<(Object, &'static str)> {
        let store = self.store();
        let bucket = store.bucket(request.bucket())?;
        let object = bucket.object(request.key())?;
        let Kind::Symlink { target } = &object.kind else {
            return Ok((object.clone(), object.type_name()));
        };
        // A link to a link does not count: the service follows one step.
        let aim = bucket
            .objects
            .get(target)
            .filter(|aim| !matches!(aim.kind, Kind::Symlink { .. }));
        let missing = || {
            let message = "The symlink target object does not exist.";
            OssError::new(StatusCode::NOT_FOUND, "SymlinkTargetNotExist", message)
        };
        Ok((aim.ok_or_else(missing)?.clone(), object.type_name()))
    }
}

/// A time as headers show it.
pub(super) fn http_time(time: Timestamp) -> HeaderValue {
    value(&signing::time::http_date(time))
}

fn wanted_range(request: &OssRequest, size: u64) -> Result<Option<Range<u64>>> {
    let Some(text) = request.header("range")? else {
        return Ok(None);
    };
    let wanted = range::parse(text, size);
    if wanted.is_none() && request.header("x-oss-range-behavior")? == Some("standard") {
        let message = "The requested range cannot be satisfied.";
        return Err(
            OssError::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message)
                .with("ActualObjectSize", size.to_string())
                .with("RangeHeader", text),
        );
    }
    Ok(wanted)
}

fn describe(headers: &mut HeaderMap, object: &Object, type_name: &'static str) {
    headers.extend(object.described.to_headers());
    headers.extend(object.sums.headers());
    headers.insert(LAST_MODIFIED, http_time(object.modified));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert("x-oss-object-type", HeaderValue::from_static(type_name));
    let class = object.described.storage_class.name();
    headers.insert("x-oss-storage-class", HeaderValue::from_static(class));
    if !object.described.tagging.is_empty() {
        headers.insert("x-oss-tagging-count", object.described.tagging.len().into());
    }
}

fn overrides(headers: &mut HeaderMap, request: &OssRequest, caller: Caller) -> Result<()> {
    for (parameter, header) in OVERRIDES {
        let Some(text) = request.query.get(parameter) else {
            continue;
        };
        if caller == Caller::Anonymous {
            let message =
                "Request specific response headers cannot be used for anonymous requests.";
            return Err(OssError::bad("InvalidRequest", message));
        }
        let value = HeaderValue::try_from(text);
        headers.insert(
            header,
            value.map_err(|_| OssError::invalid_argument(parameter, text))?,
        );
    }
    Ok(())
}

fn value(text: &str) -> HeaderValue {
    // Dates and numbers are fit for a header.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
