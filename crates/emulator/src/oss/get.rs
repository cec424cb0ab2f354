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
use super::event::ObjectEvent;
use super::object::{CRC64, Kind, Object};
use super::put::NEXT_POSITION;
use super::range::Unsatisfiable;
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
        let now = request.received;
        let object = self.shown(request, |object| object.check_restored(now))?;
        condition::check(request, &object)?;
        let size = object.size();
        let part = wanted_range(request, size)?;
        let read = part.clone().unwrap_or(0..size);

        let mut response = Response::new(Body::from_stream(
            self.blobs.read(&object.blobs, read.clone()),
        ));
        let headers = response.headers_mut();
        describe(headers, &object, now);
        overrides(headers, request, caller)?;
        headers.insert(CONTENT_LENGTH, (read.end - read.start).into());
        if part.is_some() {
            let shown = format!("bytes {}-{}/{size}", read.start, read.end - 1);
            headers.insert(CONTENT_RANGE, value(&shown));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        // Nothing is lost with the event of a read: it is not refused for that.
        let _ = self.publish_event(request, &ObjectEvent::read(request.key(), &object, read));
        Ok(response)
    }

    pub(super) fn head_object(&self, request: &OssRequest) -> Result<Response> {
        let object = self.shown(request, |_| Ok(()))?;
        condition::check(request, &object)?;
        let mut response = reply::ok();
        describe(response.headers_mut(), &object, request.received);
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, object.size().into());
        Ok(response)
    }

    pub(super) fn get_object_meta(&self, request: &OssRequest) -> Result<Response> {
        let object = self.shown(request, |_| Ok(()))?;
        let headers = [
            (ETAG, object.etag_header()),
            (CRC64, object.sums.crc64.into()),
            (LAST_MODIFIED, http_time(object.modified)),
            (CONTENT_LENGTH, object.size().into()),
        ];
        Ok(reply::empty(StatusCode::OK, headers))
    }

    /// The object that a request reads: the object itself, or under the properties of a symbolic
    /// link the bytes of its target. `check` looks at what has the bytes.
    pub(super) fn shown(
        &self,
        request: &OssRequest,
        check: impl FnOnce(&Object) -> Result<()>,
    ) -> Result<Object> {
        let store = self.store();
        let bucket = store.bucket(request.bucket())?;
        let object = bucket.object(request.key())?;
        let Kind::Symlink { target } = &object.kind else {
            check(object)?;
            return Ok(object.clone());
        };
        let target = bucket.objects.get(target).ok_or_else(|| {
            let message = "The symlink target object does not exist.";
            OssError::new(StatusCode::NOT_FOUND, "SymlinkTargetNotExist", message)
        })?;
        if matches!(target.kind, Kind::Symlink { .. }) {
            let message = "The symbolic's target file type is invalid";
            return Err(
                OssError::bad("InvalidTargetType", message).with_event_code("0026-00000011")
            );
        }
        check(target)?;
        Ok(Object {
            blobs: target.blobs.clone(),
            sums: target.sums.clone(),
            modified: object.modified.max(target.modified),
            ..object.clone()
        })
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
    if request.header("x-oss-range-behavior")? != Some("standard") {
        return Ok(range::parse(text, size));
    }
    range::parse_standard(text, size).map_err(|Unsatisfiable| {
        let message = "The requested range cannot be satisfied.";
        OssError::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message)
            .with("ActualObjectSize", size.to_string())
            .with("RangeHeader", text)
    })
}

fn describe(headers: &mut HeaderMap, object: &Object, now: Timestamp) {
    headers.extend(object.described.to_headers());
    headers.extend(object.sums.headers());
    headers.extend(object.restore_header(now));
    headers.insert(LAST_MODIFIED, http_time(object.modified));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let type_name = HeaderValue::from_static(object.type_name());
    headers.insert("x-oss-object-type", type_name);
    let class = object.described.storage_class.name();
    headers.insert("x-oss-storage-class", HeaderValue::from_static(class));
    if object.kind == Kind::Appendable {
        headers.insert(NEXT_POSITION, object.size().into());
    }
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
