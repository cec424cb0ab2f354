//! The JSON of one event, field by field, and its translation.
//!
//! Mirrors the published schema with three liberties. Fields that the schema nests in `oss`
//! while real events have them beside it are read from either place. Region, owner and bucket
//! are taken from the bucket's resource name if they are not given by themselves. Numbers that
//! are not whole or do not fit, and a time or tag that cannot be read, count as absent.

use serde::Deserialize;
use serde_json::Number;

use super::{Event, EventError, address::ObjectAddress};
use crate::names::NameError;

/// Reads the event at position `index` from its JSON.
pub(super) fn read(index: usize, raw: &str) -> Result<Event, EventError> {
    let not_an_event = |error: serde_json::Error| EventError::NotAnEvent {
        index,
        source: error.into(),
    };
    if !raw.starts_with('{') {
        // Serde would take the fields from an array, too.
        return Err(not_an_event(serde::de::Error::custom(
            "it is not an object",
        )));
    }
    let wire: Wire = serde_json::from_str(raw).map_err(not_an_event)?;
    translate(wire, raw).map_err(|source| EventError::Name { index, source })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    event_name: String,
    event_time: Option<String>,
    region: Option<String>,
    response_elements: Option<ResponseElements>,
    user_identity: Option<UserIdentity>,
    oss: Option<Oss>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Oss {
    bucket: Option<Bucket>,
    object: Option<Object>,
    rule_id: Option<String>,
    region: Option<String>,
    response_elements: Option<ResponseElements>,
    user_identity: Option<UserIdentity>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    arn: Option<String>,
    name: Option<String>,
    owner_identity: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: Option<String>,
    e_tag: Option<String>,
    size: Option<Number>,
    delta_size: Option<Number>,
    #[serde(rename = "objectMeta")]
    meta: Option<ObjectMeta>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectMeta {
    mime_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseElements {
    request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    principal_id: Option<String>,
}

fn translate(wire: Wire, raw: &str) -> Result<Event, NameError> {
    let oss = wire.oss.unwrap_or_default();
    let bucket = oss.bucket.unwrap_or_default();
    let object = oss.object.unwrap_or_default();
    let arn = Arn::parse(bucket.arn.as_deref().unwrap_or_default());

    let region = given(wire.region.as_ref())
        .or(given(oss.region.as_ref()))
        .or(arn.region);
    let owner = given(bucket.owner_identity.as_ref()).or(arn.owner);
    let name = given(bucket.name.as_ref()).or(arn.bucket);
    let key = object.key.as_deref();

    Ok(Event {
        name: wire.event_name.try_into()?,
        time: wire.event_time.and_then(|text| text.parse().ok()),
        request_id: wire
            .response_elements
            .or(oss.response_elements)
            .and_then(|r| r.request_id),
        rule_id: oss.rule_id,
        owner_id: owner.map(str::to_owned),
        principal_id: wire
            .user_identity
            .or(oss.user_identity)
            .and_then(|u| u.principal_id),
        etag: object.e_tag.and_then(|text| text.parse().ok()),
        size_bytes: object.size.and_then(|number| number.as_u64()),
        delta_bytes: object.delta_size.and_then(|number| number.as_i64()),
        content_type: object.meta.and_then(|meta| meta.mime_type),
        address: ObjectAddress::of(region, name, key),
        subject: subject(region, owner, name, key),
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
    Some(format!("acs:oss:{region}:{owner}:{bucket}/{key}"))
}

/// The text, unless it is empty.
fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
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
