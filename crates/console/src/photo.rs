//! Everything that is known of one photo.

use axum::Json;
use axum::extract::{Query, State};
use face::Analysis;
use face_recognition::record::{Counts, Record};
use jiff::Timestamp;
use oss::{ObjectKey, ObjectMeta};
use serde::{Deserialize, Serialize};

use crate::console::{Console, Shared};
use crate::journey::{Documents, Journey};
use crate::security::Rejection;

/// Which photo: by its own key or by that of its result.
#[derive(Debug, Deserialize)]
pub(crate) struct PhotoQuery {
    key: Option<String>,
    result: Option<String>,
}

/// Everything that is known of one photo.
#[derive(Debug, Serialize)]
pub(crate) struct Photo {
    /// Its key, unless only the result is known.
    key: Option<String>,
    result_key: String,
    before: Option<Object>,
    after: Option<Object>,
    /// What the result says of itself.
    record: Option<ResultRecord>,
    journey: Option<Journey>,
    #[serde(flatten)]
    documents: Documents,
    /// How long the URLs live.
    expires_seconds: u64,
}

/// An object with a URL for the browser.
#[derive(Debug, Serialize)]
struct Object {
    url: String,
    size_bytes: u64,
    modified_ms: Option<i64>,
}

/// What the face service wrote on a result.
#[derive(Debug, Serialize)]
struct ResultRecord {
    width: u32,
    height: u32,
    method: String,
    face_count: usize,
    counts: Counts,
    /// Absent where there are too many faces to write all on the result.
    #[serde(flatten)]
    analysis: Option<Analysis>,
}

/// `GET /api/photo`.
pub(crate) async fn show(
    State(console): State<Shared>,
    Query(which): Query<PhotoQuery>,
) -> Result<Json<Photo>, Rejection> {
    let (key, result_key) = which.keys(&console)?;
    let before = async {
        match &key {
            Some(key) => head(&console, key).await,
            None => Ok(None),
        }
    };
    let (before, after) = tokio::join!(before, head(&console, &result_key));
    let after = after?;
    let object = |key: &ObjectKey, meta: &ObjectMeta| Object::new(&console, key, meta);
    let before = before?.zip(key.as_ref());
    let record = after.as_ref().and_then(Record::read);
    let (journey, documents) = match &key {
        Some(key) => console.journeys.get(key.as_str()),
        None => (None, Documents::default()),
    };
    Ok(Json(Photo {
        before: before.map(|(meta, key)| object(key, &meta)).transpose()?,
        after: after.map(|meta| object(&result_key, &meta)).transpose()?,
        key: key.map(|key| key.to_string()),
        result_key: result_key.to_string(),
        record: record.map(ResultRecord::from),
        journey,
        documents,
        expires_seconds: console.settings.url_lifetime.as_secs(),
    }))
}

impl PhotoQuery {
    /// The key of the photo, as far as it can be told, and that of its result. Nothing else of
    /// the bucket is shown.
    fn keys(&self, console: &Console) -> Result<(Option<ObjectKey>, ObjectKey), Rejection> {
        let parse = |text: &str| {
            let key: Result<ObjectKey, _> = text.parse();
            key.map_err(|error| Rejection::bad(service::error_line(&error)))
        };
        let results = &console.settings.results;
        match (&self.key, &self.result) {
            (Some(key), None) => {
                let key = parse(key)?;
                if results.holds(&key) {
                    return Err(Rejection::bad("this is a result: ask for it as `result`"));
                }
                let result = console.result_key(&key);
                let result = result.map_err(|error| Rejection::bad(service::error_line(&error)))?;
                Ok((Some(key), result))
            }
            (None, Some(result)) => {
                let result = parse(result)?;
                if !results.holds(&result) {
                    return Err(Rejection::bad("results lie in the folder for results only"));
                }
                Ok((console.photo_key(&result), result))
            }
            _ => Err(Rejection::bad("name either `key` or `result`")),
        }
    }
}

impl Object {
    fn new(console: &Console, key: &ObjectKey, meta: &ObjectMeta) -> Result<Self, Rejection> {
        let url = console
            .url(key)
            .map_err(|error| Rejection::behind(&error))?;
        Ok(Self {
            url,
            size_bytes: meta.size_bytes,
            modified_ms: meta.last_modified.map(Timestamp::as_millisecond),
        })
    }
}

impl From<Record> for ResultRecord {
    fn from(record: Record) -> Self {
        Self {
            width: record.size.0,
            height: record.size.1,
            method: record.method,
            face_count: record.counts.total(),
            counts: record.counts,
            analysis: record.analysis,
        }
    }
}

async fn head(console: &Console, key: &ObjectKey) -> Result<Option<ObjectMeta>, Rejection> {
    match console.bucket.head(key).await {
        Ok(meta) => Ok(Some(meta)),
        Err(error) if error.is_no_such_key() => Ok(None),
        Err(error) => Err(Rejection::behind(&error)),
    }
}
