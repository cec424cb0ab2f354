//! Making one object of the parts of an upload.

use axum::response::Response;
use md5::{Digest as _, Md5};
use oss::crc64::Crc64;
use serde::Deserialize;

use super::upload_id;
use crate::oss::error::{OssError, Result};
use crate::oss::event::ObjectEvent;
use crate::oss::incoming::Incoming;
use crate::oss::list::Encoding;
use crate::oss::object::{ObjectAcl, Sums};
use crate::oss::put::{Storing, hex};
use crate::oss::request::OssRequest;
use crate::oss::store::{Part, Record, Upload};
use crate::oss::xml::Xml;
use crate::oss::{Oss, reply, xml};

/// Every part but the last must have at least this size, in bytes.
const MIN_PART_BYTES: u64 = 100 * 1024;

#[derive(Debug, Default, Deserialize)]
struct CompleteMultipartUpload {
    #[serde(rename = "Part", default)]
    parts: Vec<Chosen>,
}

#[derive(Debug, Deserialize)]
struct Chosen {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "ETag")]
    etag: String,
}

impl Oss {
    pub(in crate::oss) async fn complete_upload(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
    ) -> Result<Response> {
        let encoding = Encoding::asked(&request.query)?;
        let chosen = chosen_parts(request, body).await?;
        let storing = Storing::asked(request, "ObjectCreated:CompleteMultipartUpload")?;
        let acl = request.parsed("x-oss-object-acl", ObjectAcl::parse)?;
        let id = upload_id(request);
        let (sums, encryption, happened) = self.commit(|store| {
            let bucket = store.bucket(request.bucket())?;
            let upload = bucket.upload(request.key(), &id)?;
            let encryption = upload.described.encryption_headers();
            storing.check(bucket)?;
            let parts = upload.choose(chosen)?;
            let sums = sums(&parts);
            let size = parts.iter().map(|(_, part)| part.blob.length()).sum();
            let mut happened = ObjectEvent::new(storing.event, storing.key, &sums, size);
            happened.replaces(bucket.objects.get(storing.key));
            let numbers = parts.iter().map(|(number, _)| *number).collect();
            let (bucket, modified) = (request.bucket().to_owned(), request.received);
            let record = Record::CompleteUpload {
                bucket,
                id,
                numbers,
                sums: sums.clone(),
                modified,
                acl,
            };
            Ok((record, (sums, encryption, happened)))
        })?;
        self.publish_event(request, &happened)?;
        let xml = self.completed(request, encoding, &sums);
        Ok(reply::written(xml, &sums, encryption))
    }

    fn completed(&self, request: &OssRequest, encoding: Encoding, sums: &Sums) -> Xml {
        let mut xml = Xml::new("CompleteMultipartUploadResult");
        encoding.declare(&mut xml);
        let base = self.base_url(request);
        xml.text("Location", &request.address.location(&base, request.key()));
        xml.text("Bucket", request.bucket());
        encoding.text(&mut xml, "Key", request.key());
        xml.text("ETag", &sums.quoted_etag());
        xml
    }
}

/// The parts that the request lists; `None` for all there are.
async fn chosen_parts(request: &OssRequest, body: &mut Incoming) -> Result<Option<Vec<Chosen>>> {
    let document = body.document(request).await?;
    if request.header("x-oss-complete-all")? == Some("yes") {
        if document.is_empty() {
            return Ok(None);
        }
        let message = "Should not specify both complete all header and http body.";
        return Err(OssError::bad("InvalidArgument", message).with_event_code("0042-00000216"));
    }
    let listed = xml::parse::<CompleteMultipartUpload>(&document);
    let listed = listed.map_err(|error| error.with_event_code("0042-00000205"))?;
    Ok(Some(listed.parts))
}

impl Upload {
    /// The parts to make the object of, in order.
    fn choose(&self, chosen: Option<Vec<Chosen>>) -> Result<Vec<(u32, &Part)>> {
        let parts: Vec<(u32, &Part)> = match chosen {
            None => self
                .parts
                .iter()
                .map(|(number, part)| (*number, part))
                .collect(),
            Some(chosen) => {
                if !chosen.is_sorted_by(|before, after| before.number < after.number) {
                    let message = "The list of parts was not in ascending order.";
                    return Err(OssError::bad("InvalidPartOrder", message));
                }
                chosen
                    .iter()
                    .map(|chosen| self.find(chosen))
                    .collect::<Result<_>>()?
            }
        };
        // Of no parts an empty object is made.
        let mut but_last = parts.iter().rev().skip(1);
        if but_last.any(|(_, part)| part.blob.length() < MIN_PART_BYTES) {
            let message = "Your proposed upload is smaller than the minimum allowed size.";
            return Err(OssError::bad("EntityTooSmall", message)
                .with("MinSizeAllowed", MIN_PART_BYTES.to_string()));
        }
        Ok(parts)
    }

    fn find(&self, chosen: &Chosen) -> Result<(u32, &Part)> {
        let etag = chosen.etag.trim().trim_matches('"');
        let part = self.parts.get(&chosen.number);
        let part = part.filter(|part| part.sums.etag.eq_ignore_ascii_case(etag));
        part.map(|part| (chosen.number, part)).ok_or_else(|| {
            invalid_part()
                .with("PartNumber", chosen.number.to_string())
                .with("ETag", etag)
        })
    }
}

fn invalid_part() -> OssError {
    let message = "One or more of the specified parts could not be found or the specified entity \
                   tag might not have matched the part's entity tag.";
    OssError::bad("InvalidPart", message)
}

/// The sums of parts put end to end. The entity tag is no digest of the content.
fn sums(parts: &[(u32, &Part)]) -> Sums {
    let mut tags = Md5::new();
    let mut crc64 = Crc64(0);
    for (_, part) in parts {
        tags.update(part.sums.etag.as_bytes());
        crc64 = crc64.combine(Crc64(part.sums.crc64), part.blob.length());
    }
    let etag = format!("{}-{}", hex(tags.finalize().into()), parts.len());
    Sums {
        etag,
        crc64: crc64.0,
        content_md5: None,
    }
}
