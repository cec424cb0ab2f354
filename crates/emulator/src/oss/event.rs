//! What OSS publishes when something happened to an object: the event document.

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use super::iso_time;
use super::object::{Object, Sums};
use super::request::OssRequest;
use crate::settings::Settings;

/// Something that happened to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happened {
    /// `ObjectCreated:PutObject` and the like.
    pub(crate) event: &'static str,
    pub(crate) key: String,
    /// Size of the object, or of the part for events of parts.
    pub(crate) size: u64,
    etag: String,
    delta: i64,
    position: Option<u64>,
    read: Option<Range<u64>>,
}

impl Happened {
    /// Something of any kind that added `size` bytes.
    pub(crate) fn new(event: &'static str, key: &str, sums: &Sums, size: u64) -> Self {
        let (key, etag) = (key.to_owned(), sums.etag.clone());
        Self {
            event,
            key,
            size,
            etag,
            delta: signed(size),
            position: None,
            read: None,
        }
    }

    /// An object was written.
    pub(crate) fn written(event: &'static str, key: &str, object: &Object) -> Self {
        Self::new(event, key, &object.sums, object.size())
    }

    /// An object was removed.
    pub(crate) fn removed(event: &'static str, key: &str, object: &Object) -> Self {
        Self {
            delta: -signed(object.size()),
            ..Self::written(event, key, object)
        }
    }

    /// Part of an object was read.
    pub(crate) fn read(key: &str, object: &Object, range: Range<u64>) -> Self {
        let event = "ObjectDownloaded:GetObject";
        Self {
            delta: 0,
            read: Some(range),
            ..Self::written(event, key, object)
        }
    }

    /// An upload in parts began or was given up.
    pub(crate) fn started(event: &'static str, key: &str) -> Self {
        let (key, etag) = (key.to_owned(), String::new());
        Self {
            event,
            key,
            size: 0,
            etag,
            delta: 0,
            position: None,
            read: None,
        }
    }

    /// What was written took the place of `old`.
    pub(crate) fn replaces(&mut self, old: Option<&Object>) {
        self.delta = signed(self.size) - old.map_or(0, |old| signed(old.size()));
    }

    /// `length` bytes were appended at `position`.
    pub(crate) fn appended(&mut self, position: u64, length: u64) {
        self.position = Some(position);
        self.delta = signed(length);
    }

    /// The message that OSS publishes: base64 of the document.
    pub(crate) fn message(&self, request: &OssRequest, settings: &Settings, rule: &str) -> String {
        let event = self.document(request, settings, rule);
        // Text and numbers always serialize.
        let json = serde_json::to_vec(&Document { events: [event] }).unwrap_or_default();
        BASE64_STANDARD.encode(json)
    }

    fn document<'a>(
        &'a self,
        request: &'a OssRequest,
        settings: &'a Settings,
        rule: &'a str,
    ) -> Event<'a> {
        let Settings {
            region, account, ..
        } = settings;
        let name = request.bucket();
        let bucket = Bucket {
            arn: format!("acs:oss:{region}:{account}:{name}"),
            name,
            owner_identity: account,
            virtual_bucket: "",
        };
        Event {
            event_name: self.event,
            event_source: "acs:oss",
            event_time: iso_time(request.received),
            event_version: "1.0",
            oss: Oss {
                bucket,
                object: self.object(),
                oss_schema_version: "1.0",
                rule_id: rule,
            },
            region,
            request_parameters: RequestParameters {
                source_ip_address: request.peer.to_string(),
            },
            response_elements: ResponseElements {
                request_id: request.id.to_string(),
            },
            user_identity: UserIdentity {
                principal_id: account,
            },
        }
    }

    fn object(&self) -> DocumentedObject<'_> {
        DocumentedObject {
            delta_size: self.delta,
            e_tag: &self.etag,
            key: &self.key,
            position: self.position,
            read_from: self.read.as_ref().map(|read| read.start),
            read_to: self.read.as_ref().map(|read| read.end),
            size: self.size,
        }
    }
}

/// Sizes stay far below the limit of the signed type.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

#[derive(Serialize)]
struct Document<'a> {
    events: [Event<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    event_name: &'a str,
    event_source: &'a str,
    event_time: String,
    event_version: &'a str,
    oss: Oss<'a>,
    region: &'a str,
    request_parameters: RequestParameters,
    response_elements: ResponseElements,
    user_identity: UserIdentity<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Oss<'a> {
    bucket: Bucket<'a>,
    object: DocumentedObject<'a>,
    oss_schema_version: &'a str,
    rule_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bucket<'a> {
    arn: String,
    name: &'a str,
    owner_identity: &'a str,
    virtual_bucket: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DocumentedObject<'a> {
    delta_size: i64,
    e_tag: &'a str,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_to: Option<u64>,
    size: u64,
}

#[derive(Serialize)]
struct RequestParameters {
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseElements {
    request_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity<'a> {
    principal_id: &'a str,
}

#[cfg(test)]
mod tests;
