//! The reply: a CloudEvent with the analysis, for further Triggers.

use events::{
    AttributesReader as _, EncodeError, Event, EventBuilder as _, EventBuilderV10, HttpMessage,
};
use face::Analysis;
use jiff::Timestamp;
use serde::Serialize;

use crate::failure::Failure;
use crate::pipeline::{Done, StepTimes};
use crate::record::{Counts, Drawn};

/// The `type` of replies. Filter Triggers on it; an event of this type is never worked on.
pub const TYPE: &str = "face-recognition.photo.annotated";

/// The `source` of replies.
const SOURCE: &str = "/face-recognition";

/// Most faces that a reply lists, of all its photos: half a megabyte, as much as brokers take.
const MAX_FACES: usize = 4000;

/// Data of a reply. Subscribers depend on it: fields are added, never changed.
#[derive(Debug, Serialize)]
struct Data<'a> {
    /// The event that this answers.
    event: &'a EventName,
    /// One for each photo that has its result.
    results: Vec<PhotoResult<'a>>,
    /// One for each photo that never will have one.
    failures: Vec<PhotoFailure>,
}

/// What names an event.
#[derive(Debug, Serialize)]
pub(crate) struct EventName {
    pub(crate) id: String,
    pub(crate) source: String,
}

impl EventName {
    pub(crate) fn of(event: &Event) -> Self {
        Self {
            id: event.id().to_owned(),
            source: event.source().clone(),
        }
    }
}

#[derive(Debug, Serialize)]
struct PhotoResult<'a> {
    region: &'a str,
    bucket: &'a str,
    /// The photo.
    source: ObjectVersion<'a>,
    /// The annotated copy of it.
    target: ObjectVersion<'a>,
    /// Upright width in pixels; rectangles refer to it.
    width: u32,
    /// Upright height in pixels.
    height: u32,
    /// Whether the result was there already and only this reply is new.
    known: bool,
    /// When each step of the work ended; absent if the result was there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<StepTimes>,
    /// How many faces were found.
    face_count: usize,
    /// Counts by gender.
    counts: Counts,
    /// How many faces are marked. In a crowd, the largest.
    drawn: Drawn,
    /// The faces from left to right; of more than a thousand, the largest. Absent where it would
    /// make the reply too long, and in a reply to a redelivery if there are so many that they
    /// were not kept.
    #[serde(flatten)]
    analysis: Option<&'a Analysis>,
}

#[derive(Debug, Serialize)]
struct ObjectVersion<'a> {
    key: &'a str,
    etag: &'a str,
}

/// A photo that was given up.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PhotoFailure {
    /// Position of its event in the request, from 0.
    pub(crate) index: usize,
    /// One word.
    pub(crate) reason: &'static str,
    /// One line.
    pub(crate) message: String,
}

/// The data of a reply to `event`, as JSON.
pub(crate) fn document(
    event: &EventName,
    done: &[Done],
    failures: Vec<PhotoFailure>,
) -> Result<Vec<u8>, Failure> {
    let mut room = MAX_FACES;
    let data = Data {
        results: done.iter().map(|done| result(done, &mut room)).collect(),
        failures,
        event,
    };
    serde_json::to_vec(&data).map_err(|error| Failure::Reply(EncodeError::Json(error)))
}

/// Writes the reply to `event`.
pub(crate) fn reply(
    event: &EventName,
    done: &[Done],
    failures: Vec<PhotoFailure>,
) -> Result<HttpMessage, Failure> {
    // As text at once: through the SDK's JSON value, shares would gain digits they never had.
    let data = document(event, done, failures)?;
    let mut builder = EventBuilderV10::new()
        // The same for every delivery of the same event, and of no other.
        .id(format!("{}/{}", event.source, event.id))
        .source(SOURCE)
        .ty(TYPE)
        .time(Timestamp::now().to_string())
        .data("application/json", data);
    if let [only] = done {
        builder = builder.subject(subject(only));
    }
    let event = builder
        .build()
        .map_err(EncodeError::Incomplete)
        .map_err(Failure::Reply)?;
    events::binary(event).map_err(Failure::Reply)
}

/// As EventBridge names objects.
fn subject(done: &Done) -> String {
    let address = &done.job.address;
    let owner = done.job.owner_id.as_deref().unwrap_or_default();
    format!(
        "acs:oss:{}:{owner}:{}/{}",
        address.region, address.bucket, done.target
    )
}

/// `room` is how many faces the reply may still list.
fn result<'a>(done: &'a Done, room: &mut usize) -> PhotoResult<'a> {
    let record = &done.record;
    let analysis = record.analysis.as_ref().filter(|analysis| {
        let rest = room.checked_sub(analysis.faces.len());
        *room = rest.unwrap_or(*room);
        rest.is_some()
    });
    PhotoResult {
        region: done.job.address.region.as_str(),
        bucket: done.job.address.bucket.as_str(),
        source: ObjectVersion {
            key: done.key.as_str(),
            etag: record.source_etag.as_str(),
        },
        target: ObjectVersion {
            key: done.target.as_str(),
            etag: done.target_etag.as_str(),
        },
        width: record.size.0,
        height: record.size.1,
        known: done.known,
        steps: done.steps,
        face_count: record.counts.total(),
        counts: record.counts,
        drawn: record.drawn,
        analysis,
    }
}
