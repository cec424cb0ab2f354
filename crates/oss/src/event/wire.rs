//! The JSON of one event, field by field, and its translation.
//!
//! Mirrors the published schema with four liberties. Fields that the schema nests in `oss`
//! while real events have them beside it are read from either place. Region, owner and bucket
//! are taken from the bucket's resource name if they are not given by themselves. Numbers may
//! be strings, and times numbers. Any field but the name counts as absent if it cannot be read.

use serde::de::Error as _;
use serde_json::value::RawValue;

use super::object::{leading_object, object, objects};
use super::value::{given, owned, parsed, string, text, time};
use super::{Event, EventError, address::ObjectAddress};

objects! {
    /// An event.
    struct Fields {
        name: &'a RawValue = "eventName",
        time: &'a RawValue = "eventTime",
        oss: Oss<'a> = "oss",
        region: &'a RawValue = "region",
        response: Response<'a> = "responseElements",
        user: User<'a> = "userIdentity",
    }

    struct Oss {
        bucket: Bucket<'a> = "bucket",
        object: Object<'a> = "object",
        rule_id: &'a RawValue = "ruleId",
        region: &'a RawValue = "region",
        response: Response<'a> = "responseElements",
        user: User<'a> = "userIdentity",
    }

    struct Bucket {
        arn: &'a RawValue = "arn",
        name: &'a RawValue = "name",
        owner: &'a RawValue = "ownerIdentity",
    }

    struct Object {
        key: &'a RawValue = "key",
        etag: &'a RawValue = "eTag",
        size: &'a RawValue = "size",
        delta_size: &'a RawValue = "deltaSize",
        meta: Meta<'a> = "objectMeta",
    }

    struct Meta {
        mime_type: &'a RawValue = "mimeType",
    }

    struct Response {
        request_id: &'a RawValue = "requestId",
    }

    struct User {
        principal_id: &'a RawValue = "principalId",
    }
}

/// Reads the event at position `index` from its JSON.
pub(super) fn read(index: usize, raw: &str) -> Result<Event, EventError> {
    let fields = object(raw).map_err(|error| not_an_event(index, error))?;
    event(index, fields, raw)
}

/// The event at the beginning of `text`, and the text behind it, if nothing about it is odd.
pub(super) fn leading(text: &str) -> Option<(Event, &str)> {
    let (fields, length) = leading_object(text)?;
    let (raw, rest) = text.split_at_checked(length)?;
    Some((event(0, fields, raw).ok()?, rest))
}

fn not_an_event(index: usize, error: serde_json::Error) -> EventError {
    EventError::NotAnEvent {
        index,
        source: error.into(),
    }
}

fn event(index: usize, fields: Fields<'_>, raw: &str) -> Result<Event, EventError> {
    let not_an_event = |error| not_an_event(index, error);
    let Fields {
        name,
        time: event_time,
        oss,
        region,
        response,
        user,
    } = fields;
    let name = name.ok_or_else(|| not_an_event(serde_json::Error::missing_field("eventName")))?;
    let name = string(name).map_err(not_an_event)?;
    let name = name
        .parse()
        .map_err(|source| EventError::Name { index, source })?;

    let oss = oss.unwrap_or_default();
    let bucket = oss.bucket.unwrap_or_default();
    let object = oss.object.unwrap_or_default();
    let meta = object.meta.unwrap_or_default();
    let response = response.or(oss.response).unwrap_or_default();
    let user = user.or(oss.user).unwrap_or_default();

    let arn = text(bucket.arn).unwrap_or_default();
    let arn = Arn::parse(&arn);
    let region = given(region).or_else(|| given(oss.region));
    let region = region.as_deref().or(arn.region);
    let owner = given(bucket.owner);
    let owner = owner.as_deref().or(arn.owner);
    let bucket = given(bucket.name);
    let bucket = bucket.as_deref().or(arn.bucket);
    let key = text(object.key);
    let key = key.as_deref();

    Ok(Event {
        name,
        time: time(event_time),
        request_id: owned(response.request_id),
        rule_id: owned(oss.rule_id),
        principal_id: owned(user.principal_id),
        etag: parsed(object.etag),
        size_bytes: parsed(object.size),
        delta_bytes: parsed(object.delta_size),
        content_type: owned(meta.mime_type),
        address: ObjectAddress::of(region, bucket, key),
        subject: subject(region, owner, bucket, key),
        owner_id: owner.map(str::to_owned),
        raw: raw.to_owned(),
    })
}

fn subject(
    region: Option<&str>,
    owner: Option<&str>,
    bucket: Option<&str>,
    key: Option<&str>,
) -> Option<String> {
    let (region, owner, bucket, key) = (region?, owner?, bucket?, key?);
    Some(["acs:oss:", region, ":", owner, ":", bucket, "/", key].concat())
}

/// The parts of a bucket's resource name, `acs:oss:<region>:<uid>:<bucket>`.
#[derive(Default)]
struct Arn<'a> {
    region: Option<&'a str>,
    owner: Option<&'a str>,
    bucket: Option<&'a str>,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text
            .strip_prefix("acs:oss:")
            .unwrap_or_default()
            .splitn(3, ':');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        Self {
            region: part(),
            owner: part(),
            bucket: part(),
        }
    }
}
