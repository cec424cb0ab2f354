//! Showing uploads in progress and their parts.

use axum::response::Response;

use super::{MAX_PART_NUMBER, upload_id};
use crate::oss::error::Result;
use crate::oss::list::{self, Encoding, ListQuery, count};
use crate::oss::request::OssRequest;
use crate::oss::store::{Bucket, Upload};
use crate::oss::xml::Xml;
use crate::oss::{Oss, iso_time, reply};

const MAX_ENTRIES: u64 = 1000;
/// An upload that does not exist, to those that list or abort it.
pub(super) const NO_SUCH_UPLOAD: &str = "0042-00000002";

impl Oss {
    pub(in crate::oss) fn list_parts(&self, request: &OssRequest) -> Result<Response> {
        let query = &request.query;
        let encoding = Encoding::asked(query)?;
        let id = upload_id(request);
        let limit = query
            .number("max-parts", 1..=MAX_ENTRIES)?
            .unwrap_or(MAX_ENTRIES);
        let marker = query
            .number("part-number-marker", 0..=MAX_PART_NUMBER)?
            .unwrap_or(0);
        let store = self.store();
        let bucket = store.bucket(request.bucket())?;
        let upload = bucket.upload(request.key(), &id);
        let upload = upload.map_err(|error| error.with_event_code(NO_SUCH_UPLOAD))?;
        let mut rest = upload
            .parts
            .iter()
            .filter(|(number, _)| u64::from(**number) > marker);
        let listed: Vec<_> = rest.by_ref().take(count(limit)).collect();
        let last = listed
            .last()
            .map_or(marker, |(number, _)| u64::from(**number));

        let mut xml = Xml::new("ListPartsResult");
        encoding.declare(&mut xml);
        xml.text("Bucket", request.bucket());
        encoding.text(&mut xml, "Key", request.key());
        xml.text("UploadId", &id);
        xml.text("StorageClass", upload.described.storage_class.name());
        xml.text("PartNumberMarker", &marker.to_string());
        xml.text("NextPartNumberMarker", &last.to_string());
        xml.text("MaxParts", &limit.to_string());
        xml.text("IsTruncated", &rest.next().is_some().to_string());
        for (number, part) in listed {
            xml.nest("Part", |xml| {
                xml.text("PartNumber", &number.to_string());
                xml.text("LastModified", &iso_time(part.modified));
                xml.text("ETag", &part.sums.quoted_etag());
                xml.text("HashCrc64ecma", &part.sums.crc64.to_string());
                xml.text("Size", &part.blob.length().to_string());
            });
        }
        Ok(reply::document(xml))
    }

    pub(in crate::oss) fn list_uploads(&self, request: &OssRequest) -> Result<Response> {
        let query = &request.query;
        let encoding = Encoding::asked(query)?;
        let text = |name| query.get(name).unwrap_or_default();
        let (key_marker, id_marker) = (text("key-marker"), text("upload-id-marker"));
        let limit = query
            .number("max-uploads", 1..=MAX_ENTRIES)?
            .unwrap_or(MAX_ENTRIES);
        let (prefix, delimiter) = (text("prefix"), text("delimiter"));
        let asked = ListQuery {
            prefix,
            delimiter,
            after: key_marker,
            limit: count(limit),
        };
        let store = self.store();
        let uploads = in_order(store.bucket(request.bucket())?);
        let unlisted = uploads.into_iter().filter(|(key, (id, _))| {
            // Without an id, a marker stands for all uploads of its key.
            *key > key_marker || (*key == key_marker && !id_marker.is_empty() && *id > id_marker)
        });
        let page = list::page(unlisted, &asked);
        let last = page.entries.last();
        // The markers of the next page are there even if there is none.
        let next_id = last.filter(|(key, _)| page.last == Some(*key));
        let next_id = next_id.map_or("", |(_, (id, _))| *id);

        let mut xml = Xml::new("ListMultipartUploadsResult");
        encoding.declare(&mut xml);
        xml.text("Bucket", request.bucket());
        encoding.text(&mut xml, "KeyMarker", key_marker);
        xml.text("UploadIdMarker", id_marker);
        encoding.text(&mut xml, "NextKeyMarker", page.last.unwrap_or_default());
        xml.text("NextUploadIdMarker", next_id);
        encoding.text(&mut xml, "Delimiter", delimiter);
        encoding.text(&mut xml, "Prefix", prefix);
        xml.text("MaxUploads", &limit.to_string());
        xml.text("IsTruncated", &page.truncated.to_string());
        for (_, (id, upload)) in page.entries {
            xml.nest("Upload", |xml| {
                encoding.text(xml, "Key", &upload.key);
                xml.text("UploadId", id);
                xml.text("StorageClass", upload.described.storage_class.name());
                xml.text("Initiated", &iso_time(upload.initiated));
            });
        }
        list::prefixes(&mut xml, encoding, &page.prefixes);
        Ok(reply::document(xml))
    }
}

/// The uploads of a bucket with their ids, by key and, for one key, by id.
fn in_order(bucket: &Bucket) -> Vec<(&str, (&str, &Upload))> {
    let uploads = bucket.uploads.iter();
    let mut uploads: Vec<_> = uploads
        .map(|(id, upload)| (upload.key.as_str(), (id.as_str(), upload)))
        .collect();
    uploads.sort_by_key(|(key, (id, _))| (*key, *id));
    uploads
}
