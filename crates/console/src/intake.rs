//! CloudEvents that are sent to the console: the source's events, the face service's replies, and
//! dead letters.
//!
//! Any client that reaches the console can send them. They change what the page says of photos, and
//! nothing else: no file, no bucket, no URL comes from them.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use events::{AttributesReader as _, DecodeError, Event, data_bytes};
use face_recognition::REPLY_TYPE;
use http::HeaderMap;
use jiff::Timestamp;
use oss::BucketName;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::BucketConfig;
use crate::journey::{Delivered, Finished, Journeys, Refusal, StepTimes};

/// Longer reasons are cut.
const REASON_CHARS: usize = 500;

/// What the console needs of a reply.
#[derive(Debug, Deserialize)]
struct Reply {
    event: Answered,
    #[serde(default)]
    results: Vec<PhotoResult>,
    #[serde(default)]
    failures: Vec<Failure>,
}

#[derive(Debug, Deserialize)]
struct Answered {
    id: String,
}

#[derive(Debug, Deserialize)]
struct PhotoResult {
    bucket: String,
    source: Version,
    face_count: usize,
    /// Not told by older services, and not again with a second delivery.
    steps: Option<StepTimes>,
}

#[derive(Debug, Deserialize)]
struct Version {
    key: String,
    etag: String,
}

#[derive(Debug, Deserialize)]
struct Failure {
    reason: String,
    message: String,
}

/// Takes in one event about photos of the bucket. An event about anything else is read and
/// forgotten.
///
/// # Errors
/// The request holds no event.
pub(crate) fn receive(
    headers: &HeaderMap,
    body: Bytes,
    settings: &BucketConfig,
    journeys: &Journeys,
    now: Timestamp,
) -> Result<(), DecodeError> {
    let event = events::from_http(headers, body)?;
    let data = data_bytes(&event).unwrap_or_default();
    if event.ty() == REPLY_TYPE {
        if let Ok(reply) = serde_json::from_slice(&data) {
            replied(&event, &reply, &settings.name, journeys, now);
        }
        return Ok(());
    }
    let photos = oss::event::parse(&data).unwrap_or_default();
    let photos = photos
        .iter()
        .filter_map(|photo| Some((photo, settings.photo(photo)?.as_str())));
    let refusal = refusal(&event);
    let document = document(&event);
    for (photo, key) in photos {
        let delivered = Delivered {
            key,
            etag: photo.etag.as_ref().map(oss::ETag::as_str),
            event_id: event.id(),
            uploaded: photo.time,
            document: &document,
        };
        journeys.delivered(&delivered, now);
        if let Some(refusal) = &refusal {
            journeys.refused(key, refusal.clone(), now);
        }
    }
    Ok(())
}

fn replied(event: &Event, reply: &Reply, bucket: &BucketName, journeys: &Journeys, now: Timestamp) {
    let document = document(event);
    let at = event.time().and_then(|time| time.to_rfc3339().parse().ok());
    let ours = reply.results.iter();
    for result in ours.filter(|result| result.bucket == bucket.as_str()) {
        let finished = Finished {
            key: &result.source.key,
            etag: Some(&result.source.etag),
            faces: result.face_count,
            at: at.unwrap_or(now),
            steps: result.steps,
            document: Some(&document),
        };
        journeys.finished(&finished, now);
    }
    // A reply says of a failure only which event it answers; one event of several may be any.
    if let ([], [failure]) = (reply.results.as_slice(), reply.failures.as_slice())
        && let Some(key) = journeys.key_of_event(&reply.event.id)
    {
        let refusal = Refusal {
            code: cut(&failure.reason),
            reason: cut(&failure.message),
        };
        journeys.refused(&key, refusal, now);
    }
}

/// Why the event became a dead letter, if it is one.
fn refusal(event: &Event) -> Option<Refusal> {
    let code = event.extension("knativeerrorcode")?.to_string();
    let data = event.extension("knativeerrordata").map(ToString::to_string);
    let data = data.unwrap_or_default();
    // The beginning of the answer's body; some brokers write it as it is.
    let reason = match BASE64_STANDARD.decode(&data) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => data,
    };
    Some(Refusal {
        code: cut(&code),
        reason: cut(reason.trim()),
    })
}

/// The event in the JSON format. Its data stays the text that it was, where that is JSON.
fn document(event: &Event) -> Arc<str> {
    let mut attributes = event.clone();
    let (content_type, ..) = attributes.take_data();
    let data = data_bytes(event).unwrap_or_default();
    let data: Option<&RawValue> = serde_json::from_slice(&data).ok();
    let Some(data) = data else {
        return serde_json::to_string(event).unwrap_or_default().into();
    };
    let attributes = serde_json::to_string(&attributes).unwrap_or_default();
    let attributes = attributes.strip_suffix('}').unwrap_or_default();
    let content_type = content_type.unwrap_or_else(|| "application/json".to_owned());
    let content_type = Value::from(content_type);
    format!(r#"{attributes},"datacontenttype":{content_type},"data":{data}}}"#).into()
}

fn cut(text: &str) -> String {
    text.chars().take(REASON_CHARS).collect()
}

#[cfg(test)]
mod tests;
