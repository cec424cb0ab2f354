//! What the console is told of photos.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An event of the source about a photo.
#[derive(Debug, Clone)]
pub(crate) struct Delivered<'a> {
    pub(crate) key: &'a str,
    pub(crate) etag: Option<&'a str>,
    pub(crate) event_id: &'a str,
    /// When the photo was uploaded.
    pub(crate) uploaded: Option<Timestamp>,
    /// The event as JSON.
    pub(crate) document: &'a Arc<str>,
}

/// A photo that has its result.
#[derive(Debug, Clone)]
pub(crate) struct Finished<'a> {
    pub(crate) key: &'a str,
    pub(crate) etag: Option<&'a str>,
    pub(crate) faces: usize,
    /// When the result was stored, as far as is known.
    pub(crate) at: Timestamp,
    /// When each step of the work on it ended, if the face service has told.
    pub(crate) steps: Option<StepTimes>,
    /// The reply as JSON, if it came.
    pub(crate) document: Option<&'a Arc<str>>,
}

/// When each step of the face service's work ended, by its clock.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct StepTimes {
    pub(crate) analysed: Timestamp,
    pub(crate) drawn: Timestamp,
    pub(crate) stored: Timestamp,
}

/// Why a photo was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Refusal {
    /// The status of the last attempt, or a word of the face service.
    pub(crate) code: String,
    /// One line.
    pub(crate) reason: String,
}

impl Refusal {
    /// Whether the face service judged the photo; 5xx stands for no answer as well.
    pub(super) fn is_answer(&self) -> bool {
        !self.code.starts_with('5')
    }
}
