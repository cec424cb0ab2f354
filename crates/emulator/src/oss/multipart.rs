//! Uploads in parts: beginning, parts, and their end one way or the other.

mod complete;
mod list;

use axum::response::Response;
use futures_util::TryStreamExt as _;
use http::{HeaderName, HeaderValue, StatusCode};

use super::error::{OssError, Result};
use super::event::ObjectEvent;
use super::incoming::Incoming;
use super::list::Encoding;
use super::object::Sums;
use super::put::{Storing, hex};
use super::request::OssRequest;
use super::store::{Part, Record, Upload};
use super::xml::Xml;
use super::{Oss, iso_time, range, reply};
use crate::blobs::StoredBlob;

const MAX_PART_NUMBER: u64 = 10_000;

/// Where a part belongs.
struct Place {
    /// Of the upload.
    id: String,
    number: u32,
    /// How the upload is encrypted, as headers.
    encryption: Vec<(HeaderName, HeaderValue)>,
}

impl Oss {
    pub(super) fn initiate_upload(&self, request: &OssRequest) -> Result<Response> {
        let encoding = Encoding::asked(&request.query)?;
        let event = "ObjectCreated:InitiateMultipartUpload";
        let storing = Storing::asked(request, event)?;
        let described = self.described(request)?;
        let encryption = described.encryption_headers();
        let id = hex(uuid::Uuid::new_v4().into_bytes());
        let upload = Upload {
            key: request.key().to_owned(),
            initiated: request.received,
            described,
            parts: std::collections::BTreeMap::new(),
        };
        self.commit(|store| {
            storing.check(store.bucket(request.bucket())?)?;
            let (bucket, id) = (request.bucket().to_owned(), id.clone());
            Ok((Record::StartUpload { bucket, id, upload }, ()))
        })?;
        self.publish_event(request, &ObjectEvent::started(event, request.key()))?;

        let mut xml = Xml::new("InitiateMultipartUploadResult");
        encoding.declare(&mut xml);
        xml.text("Bucket", request.bucket());
        encoding.text(&mut xml, "Key", request.key());
        xml.text("UploadId", &id);
        let mut response = reply::document(xml);
        response.headers_mut().extend(encryption);
        Ok(response)
    }

    pub(super) async fn upload_part(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
    ) -> Result<Response> {
        let place = self.place(request, "0042-00000104")?;
        let encryption = place.encryption.clone();
        let written = body.keep(request, &self.blobs).await?;
        let sums = self.put_part(request, place, written, "ObjectCreated:UploadPart")?;
        Ok(reply::empty(
            StatusCode::OK,
            sums.headers().into_iter().chain(encryption),
        ))
    }

    pub(super) async fn upload_part_copy(&self, request: &OssRequest) -> Result<Response> {
        let place = self.place(request, "0042-00000311")?;
        let encryption = place.encryption.clone();
        let source = self.copy_source(request)?;
        let size = source.size();
        let asked = request.header("x-oss-copy-source-range")?;
        let read = asked
            .and_then(|text| range::parse(text, size))
            .unwrap_or(0..size);
        let mut writer = self.blobs.writer().await?;
        let mut bytes = self.blobs.read(&source.blobs, read);
        while let Some(chunk) = bytes.try_next().await? {
            writer.write(chunk).await?;
        }
        let written = writer.finish().await?;
        let sums = self.put_part(request, place, written, "ObjectCreated:UploadPartCopy")?;

        let mut xml = Xml::new("CopyPartResult");
        xml.text("LastModified", &iso_time(request.received));
        xml.text("ETag", &sums.quoted_etag());
        Ok(reply::written(xml, &sums, encryption))
    }

    pub(super) fn abort_upload(&self, request: &OssRequest) -> Result<Response> {
        let id = upload_id(request);
        self.commit(|store| {
            let upload = store.bucket(request.bucket())?.upload(request.key(), &id);
            upload.map_err(|error| error.with_event_code(list::NO_SUCH_UPLOAD))?;
            Ok((
                Record::AbortUpload {
                    bucket: request.bucket().to_owned(),
                    id,
                },
                (),
            ))
        })?;
        let event = "ObjectRemoved:AbortMultipartUpload";
        self.publish_event(request, &ObjectEvent::started(event, request.key()))?;
        Ok(reply::no_content())
    }

    /// Where a part belongs, if there is such an upload; `event_code` is for the case that there
    /// is none.
    fn place(&self, request: &OssRequest, event_code: &'static str) -> Result<Place> {
        let number = request.query.number("partNumber", 1..=MAX_PART_NUMBER)?;
        let number = number.and_then(|number| u32::try_from(number).ok());
        let number = number.ok_or_else(|| OssError::invalid_argument("partNumber", ""))?;
        let id = upload_id(request);
        let store = self.store();
        let upload = store.bucket(request.bucket())?.upload(request.key(), &id);
        let upload = upload.map_err(|error| error.with_event_code(event_code))?;
        Ok(Place {
            encryption: upload.described.encryption_headers(),
            id,
            number,
        })
    }

    fn put_part(
        &self,
        request: &OssRequest,
        Place { id, number, .. }: Place,
        written: StoredBlob,
        event: &'static str,
    ) -> Result<Sums> {
        let sums = Sums::of(&written);
        let blob = written.blob.clone();
        let happened = ObjectEvent::new(event, request.key(), &sums, blob.length());
        let part = Part {
            blob: written.blob,
            sums: sums.clone(),
            modified: request.received,
        };
        let kept = self.commit(|store| {
            store.bucket(request.bucket())?.upload(request.key(), &id)?;
            Ok((
                Record::PutPart {
                    bucket: request.bucket().to_owned(),
                    id,
                    number,
                    part,
                },
                (),
            ))
        });
        kept.inspect_err(|_| self.blobs.discard([blob]))?;
        self.publish_event(request, &happened)?;
        Ok(sums)
    }
}

/// The upload that a request names.
fn upload_id(request: &OssRequest) -> String {
    request.query.get("uploadId").unwrap_or_default().to_owned()
}
