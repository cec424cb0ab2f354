//! The JSON of one event, field by field, and its translation.
//!
//! Mirrors the published schema with four liberties. Fields that the schema nests in `oss`
//! while real events have them beside it are read from either place. Region, owner and bucket
//! are taken from the bucket's resource name if they are not given by themselves. Numbers may
//! be strings, and times numbers. Any field but the name counts as absent if it cannot be read.

use serde::de::Error as _;
use serde_json::value::RawValue;

use super::fields::{fields, nested_fields};
use super::value::{given, parsed, text, time};
use super::{Event, EventError, address::ObjectAddress};

/// The position of `oss` among the fields of an event.
const OSS: usize = 2;

/// Reads the event at position `index` from its JSON.
pub(super) fn read(index: usize, raw: &str) -> Result<Event, EventError> {
    let not_an_event = |error: serde_json::Error| EventError::NotAnEvent {
        index,
        source: error.into(),
    };
    let names = [
        "eventName",
        "eventTime",
        "oss",
        "region",
        "responseElements",
        "userIdentity",
    ];
    let oss_names = [
        "bucket",
        "object",
        "ruleId",
        "region",
        "responseElements",
        "userIdentity",
    ];
    let in_one_pass = nested_fields(raw, names, OSS, oss_names);
    // What is odd about it may be in a field that counts as absent then.
    let one_by_one = |_| fields(raw, names).map(|found| (found, inside(found[OSS], oss_names)));
    let found = in_one_pass.or_else(one_by_one).map_err(not_an_event)?;
    let (found, found_in_oss) = found;
    let [name, event_time, _oss, region, response, user] = found;
    let name = name.ok_or_else(|| not_an_event(serde_json::Error::missing_field("eventName")))?;
    let name: String = serde_json::from_str(name.get()).map_err(not_an_event)?;
    let name = name.try_into();
    let name = name.map_err(|source| EventError::Name { index, source })?;

    let [
        bucket,
        object,
        rule_id,
        nested_region,
        nested_response,
        nested_user,
    ] = found_in_oss;
    let [arn, bucket, owner] = inside(bucket, ["arn", "name", "ownerIdentity"]);
    let [key, etag, size, delta_size, meta] =
        inside(object, ["key", "eTag", "size", "deltaSize", "objectMeta"]);
    let [mime_type] = inside(meta, ["mimeType"]);
    let [request_id] = inside(response.or(nested_response), ["requestId"]);
    let [principal_id] = inside(user.or(nested_user), ["principalId"]);

    let arn = text(arn).unwrap_or_default();
    let arn = Arn::parse(&arn);
    let region = given(region)
        .or_else(|| given(nested_region))
        .or_else(|| arn.region.map(str::to_owned));
    let owner = given(owner).or_else(|| arn.owner.map(str::to_owned));
    let bucket = given(bucket).or_else(|| arn.bucket.map(str::to_owned));
    let key = text(key);

    Ok(Event {
        name,
        time: time(event_time),
        request_id: text(request_id),
        rule_id: text(rule_id),
        principal_id: text(principal_id),
        etag: parsed(etag),
        size_bytes: parsed(size),
        delta_bytes: parsed(delta_size),
        content_type: text(mime_type),
        address: ObjectAddress::of(region.as_deref(), bucket.as_deref(), key.as_deref()),
        subject: subject(
            region.as_deref(),
            owner.as_deref(),
            bucket.as_deref(),
            key.as_deref(),
        ),
        owner_id: owner,
        raw: raw.to_owned(),
    })
}

/// The fields of a value that may be absent, or no object.
fn inside<'a, const N: usize>(
    object: Option<&'a RawValue>,
    names: [&str; N],
) -> [Option<&'a RawValue>; N] {
    let found = object.and_then(|object| fields(object.get(), names).ok());
    found.unwrap_or([None; N])
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
