//! The event document that OSS publishes.

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::iso_time;
use super::object::{Object, Sums};
use super::request::OssRequest;
use crate::settings::Settings;

/// Something that happened to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectEvent {
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

impl ObjectEvent {
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

    /// The object replaced `old`.
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
        BASE64_STANDARD.encode(self.document(request, settings, rule).to_string())
    }

    fn document(&self, request: &OssRequest, settings: &Settings, rule: &str) -> Value {
        let Settings {
            region, account, ..
        } = settings;
        let bucket = request.bucket();
        let event = json!({
            "eventName": self.event,
            "eventSource": "acs:oss",
            "eventTime": iso_time(request.received),
            "eventVersion": "1.0",
            "oss": {
                "bucket": {
                    "arn": format!("acs:oss:{region}:{account}:{bucket}"),
                    "name": bucket,
                    "ownerIdentity": account,
                    "virtualBucket": "",
                },
                "object": self.object(),
                "ossSchemaVersion": "1.0",
                "ruleId": rule,
            },
            "region": region,
            "requestParameters": { "sourceIPAddress": request.peer.to_string() },
            "responseElements": { "requestId": request.id.to_string() },
            "userIdentity": { "principalId": account },
        });
        json!({ "events": [event] })
    }

    fn object(&self) -> Value {
        let mut object = json!({
            "deltaSize": self.delta,
            "eTag": self.etag,
            "key": self.key,
            "size": self.size,
        });
        if let Some(position) = self.position {
            object["position"] = position.into();
        }
        if let Some(read) = &self.read {
            object["readFrom"] = read.start.into();
            object["readTo"] = read.end.into();
        }
        object
    }
}

/// Sizes stay far below the limit of the signed type.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
