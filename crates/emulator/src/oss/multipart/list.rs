//! Showing uploads in progress and their parts.

use std::collections::BTreeMap;

use axum::response::Response;

use super::{MAX_PART_NUMBER, upload_id};
use crate::oss::error::Result;
use crate::oss::list::{Asked, Encoding, count, page};
use crate::oss::request::OssRequest;
use crate::oss::store::Upload;
use crate::oss::xml::Xml;
use crate::oss::{Oss, iso_time, reply};

const MAX_ENTRIES: u64 = 1000;
/// Between key and upload id in the order of uploads: sorts before every character of a key.
const SEPARATOR: char = '\0';

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
        let upload = store.bucket(request.bucket())?.upload(request.key(), &id)?;
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
        let after = after(key_marker, id_marker, delimiter);
        let asked = Asked {
            prefix,
            delimiter,
            after: &after,
            limit: count(limit),
        };
        let store = self.store();
        let uploads: BTreeMap<String, (&String, &Upload)> = store
            .bucket(request.bucket())?
            .uploads
            .iter()
            .map(in_order)
            .collect();
        let page = page(&uploads, &asked);
        let (next_key, next_id) = page.next.map_or(("", ""), |next| {
            next.split_once(SEPARATOR).unwrap_or((next, ""))
        });

        let mut xml = Xml::new("ListMultipartUploadsResult");
        encoding.declare(&mut xml);
        xml.text("Bucket", request.bucket());
        encoding.text(&mut xml, "KeyMarker", key_marker);
        xml.text("UploadIdMarker", id_marker);
        encoding.text(&mut xml, "NextKeyMarker", next_key);
        xml.text("NextUploadIdMarker", next_id);
        encoding.text(&mut xml, "Delimiter", delimiter);
        encoding.text(&mut xml, "Prefix", prefix);
        xml.text("MaxUploads", &limit.to_string());
        xml.text("IsTruncated", &page.next.is_some().to_string());
        for (_, (id, upload)) in page.entries {
            xml.nest("Upload", |xml| {
                encoding.text(xml, "Key", &upload.key);
                xml.text("UploadId", id);
                xml.text("Initiated", &iso_time(upload.initiated));
            });
        }
        for prefix in page.prefixes {
            xml.nest("CommonPrefixes", |xml| encoding.text(xml, "Prefix", prefix));
        }
        Ok(reply::document(xml))
    }
}

/// Uploads are listed by key and, for one key, by id.
fn in_order<'a>((id, upload): (&'a String, &'a Upload)) -> (String, (&'a String, &'a Upload)) {
    (format!("{}{SEPARATOR}{id}", upload.key), (id, upload))
}

/// Without an id, a marker is a common prefix or stands for all uploads of its key.
fn after(key_marker: &str, id_marker: &str, delimiter: &str) -> String {
    match (key_marker, id_marker) {
        ("", _) => String::new(),
        (prefix, "") if !delimiter.is_empty() && prefix.ends_with(delimiter) => prefix.to_owned(),
        (key, "") => format!("{key}{SEPARATOR}\u{7f}"),
        (key, id) => format!("{key}{SEPARATOR}{id}"),
    }
}
