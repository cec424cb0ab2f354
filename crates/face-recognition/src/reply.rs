//! The reply: a CloudEvent with the analysis, for further Triggers.

use events::{EncodeError, EventBuilder as _, EventBuilderV10, HttpMessage};
use face::{Analysis, Gender};
use jiff::Timestamp;
use serde::Serialize;

use crate::answer::Asked;
use crate::failure::Failure;
use crate::pipeline::Done;

/// The `type` of replies. Filter Triggers on it; an event of this type is never worked on.
pub(crate) const TYPE: &str = "face-recognition.photo.annotated";

/// The `source` of replies.
const SOURCE: &str = "/face-recognition";

/// Data of a reply. A promise to strangers: fields are added, never changed.
#[derive(Debug, Serialize)]
struct Data<'a> {
    /// The event that this answers.
    event: EventName<'a>,
    /// One for each photo that has its result.
    results: Vec<PhotoResult<'a>>,
    /// One for each photo that never will have one.
    failures: Vec<PhotoFailure>,
}

#[derive(Debug, Serialize)]
struct EventName<'a> {
    id: &'a str,
    source: &'a str,
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
    /// How many faces there are.
    face_count: usize,
    /// Counts by gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    /// The faces from left to right. Absent in a reply to a redelivery if there are so many
    /// that they were not kept.
    #[serde(flatten)]
    analysis: Option<&'a Analysis>,
}

#[derive(Debug, Serialize)]
struct ObjectVersion<'a> {
    key: &'a str,
    etag: &'a str,
}

#[derive(Debug, Serialize)]
struct Counts {
    male: usize,
    female: usize,
    unknown: usize,
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

/// Writes the reply to `asked`.
pub(crate) fn reply(
    asked: &Asked,
    done: &[Done],
    failures: Vec<PhotoFailure>,
) -> Result<HttpMessage, Failure> {
    let event = EventName {
        id: &asked.id,
        source: &asked.source,
    };
    let data = Data {
        results: done.iter().map(result).collect(),
        failures,
        event,
    };
    // As text at once: through the SDK's JSON value, shares would gain digits they never had.
    let data =
        serde_json::to_vec(&data).map_err(|error| Failure::Reply(EncodeError::Json(error)))?;
    let mut builder = EventBuilderV10::new()
        // The same for every delivery of the same event, and of no other.
        .id(format!("{}/{}", asked.source, asked.id))
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

fn result(done: &Done) -> PhotoResult<'_> {
    let record = &done.record;
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
        face_count: record.faces,
        counts: record.analysis.as_ref().map(counts),
        analysis: record.analysis.as_ref(),
    }
}

fn counts(analysis: &Analysis) -> Counts {
    let count = |gender| {
        analysis
            .faces
            .iter()
            .filter(|face| face.gender == gender)
            .count()
    };
    Counts {
        male: count(Some(Gender::Male)),
        female: count(Some(Gender::Female)),
        unknown: count(None),
    }
}
