//! Access control lists and tags: the small documents about a bucket or an object.

use axum::response::Response;
use serde::Deserialize;

use super::error::{OssError, Result};
use super::incoming::Incoming;
use super::object::ObjectAcl;
use super::request::OssRequest;
use super::store::Record;
use super::xml::Xml;
use super::{Oss, describe, reply, xml};

const BUCKET_ACL: &str = "x-oss-acl";
const OBJECT_ACL: &str = "x-oss-object-acl";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tagging {
    tag_set: TagSet,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TagSet {
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

impl Oss {
    pub(super) fn put_bucket_acl(&self, request: &OssRequest) -> Result<Response> {
        let acl = request.parsed(BUCKET_ACL, |acl| acl.parse().ok())?;
        let acl = acl.ok_or_else(|| missing(BUCKET_ACL))?;
        self.commit(|store| {
            store.bucket(request.bucket())?;
            Ok((
                Record::SetBucketAcl {
                    bucket: request.bucket().to_owned(),
                    acl,
                },
                (),
            ))
        })?;
        Ok(reply::ok())
    }

    pub(super) fn get_bucket_acl(&self, request: &OssRequest) -> Result<Response> {
        let acl = self.store().bucket(request.bucket())?.about.acl;
        Ok(self.policy(acl.name()))
    }

    pub(super) fn put_object_acl(&self, request: &OssRequest) -> Result<Response> {
        let acl = request.parsed(OBJECT_ACL, ObjectAcl::parse)?;
        let acl = acl.ok_or_else(|| missing(OBJECT_ACL))?;
        self.change_object(request, |bucket, key| Record::SetObjectAcl {
            bucket,
            key,
            acl,
        })?;
        Ok(reply::ok())
    }

    pub(super) fn get_object_acl(&self, request: &OssRequest) -> Result<Response> {
        let store = self.store();
        let object = store.bucket(request.bucket())?.object(request.key())?;
        Ok(self.policy(object.described.acl.name()))
    }

    pub(super) async fn put_tagging(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
    ) -> Result<Response> {
        let Tagging { tag_set } = xml::parse(&body.document(request).await?)?;
        let tagging: Vec<_> = tag_set
            .tags
            .into_iter()
            .map(|tag| (tag.key, tag.value))
            .collect();
        if !describe::are_tags(&tagging) {
            let message = "The tag you provided is invalid.";
            return Err(OssError::bad("InvalidTag", message));
        }
        self.change_object(request, |bucket, key| Record::SetTagging {
            bucket,
            key,
            tagging,
        })?;
        Ok(reply::ok())
    }

    pub(super) fn delete_tagging(&self, request: &OssRequest) -> Result<Response> {
        let tagging = Vec::new();
        self.change_object(request, |bucket, key| Record::SetTagging {
            bucket,
            key,
            tagging,
        })?;
        Ok(reply::no_content())
    }

    pub(super) fn get_tagging(&self, request: &OssRequest) -> Result<Response> {
        let store = self.store();
        let object = store.bucket(request.bucket())?.object(request.key())?;
        let mut xml = Xml::new("Tagging");
        xml.nest("TagSet", |xml| {
            for (key, value) in &object.described.tagging {
                xml.nest("Tag", |xml| {
                    xml.text("Key", key).text("Value", value);
                });
            }
        });
        Ok(reply::document(xml))
    }

    fn change_object(
        &self,
        request: &OssRequest,
        record: impl FnOnce(String, String) -> Record,
    ) -> Result<()> {
        self.commit(|store| {
            store.bucket(request.bucket())?.object(request.key())?;
            Ok((
                record(request.bucket().to_owned(), request.key().to_owned()),
                (),
            ))
        })
    }

    fn policy(&self, grant: &str) -> Response {
        let mut xml = Xml::new("AccessControlPolicy");
        self.owner(&mut xml);
        xml.nest("AccessControlList", |xml| {
            xml.text("Grant", grant);
        });
        reply::document(xml)
    }
}

fn missing(header: &'static str) -> OssError {
    OssError::bad("MissingArgument", "Missing some required arguments.")
        .with("ArgumentName", header)
}
