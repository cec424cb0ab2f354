//! Writing objects: put, append and symbolic links.

use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, HeaderValue, StatusCode};
use oss::crc64::Crc64;

use super::error::{OssError, Result};
use super::event::ObjectEvent;
use super::incoming::Incoming;
use super::object::{Described, Kind, Object, Sums};
use super::request::OssRequest;
use super::store::{Bucket, Record};
use super::{Oss, address, get, reply};
use crate::blobs::StoredBlob;

/// Carries the position at which the next append must begin.
pub(super) const NEXT_POSITION: HeaderName = HeaderName::from_static("x-oss-next-append-position");
const SYMLINK_TARGET: &str = "x-oss-symlink-target";

/// How an object comes to be stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storing<'a> {
    /// Under which key.
    pub(super) key: &'a str,
    /// Not in place of another.
    pub(super) forbid_overwrite: bool,
    /// The event type.
    pub(super) event: &'static str,
}

impl<'a> Storing<'a> {
    /// Under the key of a request, as its headers say.
    ///
    /// # Errors
    /// `InvalidArgument` when they make no sense.
    pub(super) fn asked(request: &'a OssRequest, event: &'static str) -> Result<Self> {
        let forbid_overwrite = request.flag("x-oss-forbid-overwrite")?;
        Ok(Self {
            key: request.key(),
            forbid_overwrite,
            event,
        })
    }

    /// # Errors
    /// `FileAlreadyExists`.
    pub(super) fn check(&self, bucket: &Bucket) -> Result<()> {
        if self.forbid_overwrite && bucket.objects.contains_key(self.key) {
            let message = "The object you specified already exists and can not be overwritten.";
            return Err(OssError::conflict("FileAlreadyExists", message));
        }
        Ok(())
    }
}

impl Oss {
    pub(super) async fn put_object(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
    ) -> Result<Response> {
        request.without_conditions()?;
        let described = self.described(request)?;
        let storing = Storing::asked(request, "ObjectCreated:PutObject")?;
        storing.check(self.store().bucket(request.bucket())?)?;
        let written = body.keep(request, &self.blobs).await?;
        let sums = Sums::of(&written);
        let mut headers = sums.headers();
        headers.extend(described.encryption_headers());
        let (blobs, modified) = (vec![written.blob], request.received);
        let object = Object::new(Kind::Normal, blobs, sums, described, modified);
        self.put(request, storing, object)?;
        Ok(reply::empty(StatusCode::OK, headers))
    }

    /// Properties of the object that the headers of a request state. Storage class and encryption
    /// are the bucket's unless they say another.
    pub(super) fn described(&self, request: &OssRequest) -> Result<Described> {
        let about = self.store().bucket(request.bucket())?.about.clone();
        let described = Described::from_headers(&request.parts.headers, about.storage_class)?;
        Ok(described.encrypted_by(&about))
    }

    /// Stores an object and publishes the event of it.
    pub(super) fn put(
        &self,
        request: &OssRequest,
        storing: Storing<'_>,
        object: Object,
    ) -> Result<()> {
        let mut happened = ObjectEvent::written(storing.event, storing.key, &object);
        let blobs = object.blobs.clone();
        let stored = self.commit(|store| {
            let bucket = store.bucket(request.bucket())?;
            storing.check(bucket)?;
            happened.replaces(bucket.objects.get(storing.key));
            let (bucket, key) = (request.bucket().to_owned(), storing.key.to_owned());
            Ok((
                Record::PutObject {
                    bucket,
                    key,
                    object: Box::new(object),
                },
                (),
            ))
        });
        stored.inspect_err(|_| self.blobs.discard(blobs))?;
        self.publish_event(request, &happened)
    }

    pub(super) async fn append_object(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
    ) -> Result<Response> {
        let position = request.query.number("position", 0..=u64::MAX)?;
        let position = position.ok_or_else(|| OssError::invalid_argument("position", ""))?;
        // The properties of an object that exists stay as they are.
        let known = {
            let store = self.store();
            let bucket = store.bucket(request.bucket())?;
            let existing = check_position(bucket, request.key(), position)?;
            existing.map(|object| object.described.clone())
        };
        let described = known.map_or_else(|| self.described(request), Ok)?;
        let encryption = described.encryption_headers();
        let written = body.keep(request, &self.blobs).await?;
        let blob = written.blob.clone();
        let (sums, happened) = self
            .append(request, position, written, described)
            .inspect_err(|_| self.blobs.discard([blob]))?;
        self.publish_event(request, &happened)?;
        let mut headers = sums.headers();
        headers.extend(encryption);
        headers.push((NEXT_POSITION, happened.size.into()));
        Ok(reply::empty(StatusCode::OK, headers))
    }

    fn append(
        &self,
        request: &OssRequest,
        position: u64,
        written: StoredBlob,
        described: Described,
    ) -> Result<(Sums, ObjectEvent)> {
        let (bucket, key) = (request.bucket().to_owned(), request.key().to_owned());
        let modified = request.received;
        self.commit(|store| {
            let length = written.blob.length();
            let existing = check_position(store.bucket(&bucket)?, &key, position)?;
            let before = Crc64(existing.map_or(0, |object| object.sums.crc64));
            let crc64 = before.combine(Crc64(written.crc64), length).0;
            let sums = Sums {
                etag: opaque_etag(),
                crc64,
                content_md5: None,
            };
            let mut happened =
                ObjectEvent::new("ObjectCreated:AppendObject", &key, &sums, position + length);
            happened.appended(position, length);
            let blob = written.blob;
            let record = if existing.is_some() {
                Record::Append {
                    bucket,
                    key,
                    blob,
                    sums: sums.clone(),
                    modified,
                }
            } else {
                let (kind, sums) = (Kind::Appendable, sums.clone());
                let object = Object::new(kind, vec![blob], sums, described, modified);
                Record::PutObject {
                    bucket,
                    key,
                    object: Box::new(object),
                }
            };
            Ok((record, (sums, happened)))
        })
    }

    pub(super) fn put_symlink(&self, request: &OssRequest) -> Result<Response> {
        let target = request.parsed(SYMLINK_TARGET, |text| signing::encode::decode(text).ok())?;
        let target = target.ok_or_else(|| OssError::invalid_argument(SYMLINK_TARGET, ""))?;
        if !address::is_object_key(&target) {
            return Err(address::invalid_key(&target));
        }
        let described = self.described(request)?;
        let storing = Storing::asked(request, "ObjectCreated:PutSymlink")?;
        let sums = Sums {
            etag: opaque_etag(),
            crc64: 0,
            content_md5: None,
        };
        let etag = sums.etag_header();
        let (kind, modified) = (Kind::Symlink { target }, request.received);
        let object = Object::new(kind, Vec::new(), sums, described, modified);
        self.put(request, storing, object)?;
        Ok(reply::empty(StatusCode::OK, [(http::header::ETAG, etag)]))
    }

    pub(super) fn get_symlink(&self, request: &OssRequest) -> Result<Response> {
        let store = self.store();
        let object = store.bucket(request.bucket())?.object(request.key())?;
        let Kind::Symlink { target } = &object.kind else {
            let message = "The object is not a symbolic link.";
            return Err(OssError::bad("NotSymlink", message));
        };
        let target = HeaderValue::try_from(signing::encode::path(target));
        let target = target.map_err(|error| OssError::internal(&error))?;
        let mut headers = object.described.to_headers();
        headers.extend([
            (HeaderName::from_static(SYMLINK_TARGET), target),
            (http::header::ETAG, object.etag_header()),
            (http::header::LAST_MODIFIED, get::http_time(object.modified)),
        ]);
        Ok(reply::empty(StatusCode::OK, headers))
    }
}

impl Sums {
    /// The sums of bytes that came in one piece.
    pub(super) fn of(written: &StoredBlob) -> Self {
        let etag = hex(written.md5);
        let content_md5 = Some(BASE64_STANDARD.encode(written.md5));
        Self {
            etag,
            crc64: written.crc64,
            content_md5,
        }
    }
}

/// A digest in upper-case hex.
pub(super) fn hex(digest: [u8; 16]) -> String {
    format!("{:032X}", u128::from_be_bytes(digest))
}

/// An entity tag that says nothing about the content.
pub(super) fn opaque_etag() -> String {
    hex(uuid::Uuid::new_v4().into_bytes())
}

/// Checks that an append at `position` fits; the object to append to, if there is one.
fn check_position<'a>(bucket: &'a Bucket, key: &str, position: u64) -> Result<Option<&'a Object>> {
    let existing = bucket.objects.get(key);
    if existing.is_some_and(|object| object.kind != Kind::Appendable) {
        let message = "The object is not appendable.";
        return Err(OssError::conflict("ObjectNotAppendable", message));
    }
    let length = existing.map_or(0, Object::size);
    if position != length {
        let message = "Position is not equal to file length";
        return Err(OssError::conflict("PositionNotEqualToLength", message)
            .with_event_code("0026-00000016")
            .with_header(NEXT_POSITION, length.into()));
    }
    Ok(existing)
}
