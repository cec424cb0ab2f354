//! Archived objects: their bytes can be read only while they are restored.
//!
//! The service takes minutes to hours to restore an object, here it takes [`RESTORING`]. No event
//! is published at its end.

use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::error::{OssError, Result};
use super::incoming::Incoming;
use super::object::{Object, StorageClass};
use super::request::OssRequest;
use super::store::Record;
use super::{Oss, reply, xml};

/// How long it takes to restore an object: so long that clients see it in progress.
const RESTORING: SignedDuration = SignedDuration::from_secs(5);
const DEFAULT_DAYS: u16 = 1;
const MAX_DAYS: u16 = 365;
const MAX_DAYS_OF_ARCHIVE: u16 = 7;
const RESTORE: HeaderName = HeaderName::from_static("x-oss-restore");
const PRIORITY: HeaderName = HeaderName::from_static("x-oss-object-restore-priority");

/// A restoration of an archived object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restored {
    /// From when the object can be read.
    ready: Timestamp,
    /// Until when.
    expires: Timestamp,
}

/// How far a restoration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Restoring,
    Readable { expires: Timestamp },
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RestoreRequest {
    days: Option<u16>,
    job_parameters: Option<JobParameters>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct JobParameters {
    tier: Option<String>,
}

/// How soon the object is wanted, from the soonest to the cheapest. Here it is always the same.
const TIERS: [&str; 3] = ["Expedited", DEFAULT_TIER, "Bulk"];
const DEFAULT_TIER: &str = "Standard";

impl Restored {
    fn progress(self, now: Timestamp) -> Option<Progress> {
        if now < self.ready {
            return Some(Progress::Restoring);
        }
        let expires = self.expires;
        (now < expires).then_some(Progress::Readable { expires })
    }
}

impl Object {
    /// # Errors
    /// `InvalidObjectState` when the object is archived and not restored `now`.
    pub(crate) fn check_restored(&self, now: Timestamp) -> Result<()> {
        let archived = self.described.storage_class.is_archive();
        match self.restoration(now) {
            None | Some(Progress::Restoring) if archived => {
                let message = "The operation is not valid for the object's state";
                Err(OssError::forbidden("InvalidObjectState", message))
            }
            _ => Ok(()),
        }
    }

    /// State of the restoration for `x-oss-restore` and listings, if there is one.
    pub(crate) fn restore_info(&self, now: Timestamp) -> Option<String> {
        self.restoration(now).map(|progress| match progress {
            Progress::Restoring => "ongoing-request=\"true\"".to_owned(),
            Progress::Readable { expires } => {
                let date = signing::time::http_date(expires);
                format!("ongoing-request=\"false\", expiry-date=\"{date}\"")
            }
        })
    }

    /// The same as a header.
    pub(crate) fn restore_header(&self, now: Timestamp) -> Option<(HeaderName, HeaderValue)> {
        let value = HeaderValue::try_from(self.restore_info(now)?).ok()?;
        Some((RESTORE, value))
    }

    fn restoration(&self, now: Timestamp) -> Option<Progress> {
        self.restored.and_then(|restored| restored.progress(now))
    }
}

impl Oss {
    pub(super) async fn restore_object(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
    ) -> Result<Response> {
        let RestoreTerms { days, tier } = RestoreTerms::read(&body.document(request).await?)?;
        let now = request.received;
        let (class, status) = self.commit(|store| {
            let object = store.bucket(request.bucket())?.object(request.key())?;
            let class = archive_class(object)?;
            let (ready, status) = match object.restoration(now) {
                Some(Progress::Restoring) => return Err(in_progress()),
                Some(Progress::Readable { .. }) => (now, StatusCode::OK),
                None => (now + RESTORING, StatusCode::ACCEPTED),
            };
            let limit = match (class, tier) {
                // Objects of this class are restored in one way only.
                (StorageClass::Archive, Some(_)) => return Err(OssError::malformed_xml()),
                (StorageClass::Archive, None) => MAX_DAYS_OF_ARCHIVE,
                _ => MAX_DAYS,
            };
            if !(1..=limit).contains(&days) {
                return Err(OssError::invalid_argument("Days", &days.to_string()));
            }
            let expires = ready + SignedDuration::from_hours(24 * i64::from(days));
            let restored = Some(Restored { ready, expires });
            Ok((set_restored(request, restored), (class, status)))
        })?;
        let tier = HeaderValue::from_static(tier.unwrap_or(DEFAULT_TIER));
        let priority = (PRIORITY, tier);
        let shown = (class != StorageClass::Archive).then_some(priority);
        Ok(reply::empty(status, shown))
    }

    pub(super) fn clean_restored_object(&self, request: &OssRequest) -> Result<Response> {
        self.commit(|store| {
            let object = store.bucket(request.bucket())?.object(request.key())?;
            archive_class(object)?;
            match object.restoration(request.received) {
                Some(Progress::Readable { .. }) => Ok((set_restored(request, None), ())),
                Some(Progress::Restoring) => Err(OssError::conflict(
                    "ArchiveRestoreNotFinished",
                    "The archive file's restore is not finished.",
                )
                .with_event_code("0016-00000719")),
                None => Err(OssError::conflict(
                    "ArchiveRestoreFileStale",
                    "The archive file or restore info stale",
                )),
            }
        })?;
        Ok(reply::ok())
    }
}

/// Terms of a restoration; without a document, the defaults.
struct RestoreTerms {
    days: u16,
    tier: Option<&'static str>,
}

impl RestoreTerms {
    fn read(document: &[u8]) -> Result<Self> {
        let request = if document.is_empty() {
            RestoreRequest::default()
        } else {
            xml::parse(document)?
        };
        let tier = request
            .job_parameters
            .and_then(|parameters| parameters.tier);
        let known = |tier: String| {
            let known = TIERS.into_iter().find(|known| *known == tier.trim());
            known.ok_or_else(|| OssError::invalid_argument("Tier", &tier))
        };
        Ok(Self {
            days: request.days.unwrap_or(DEFAULT_DAYS),
            tier: tier.map(known).transpose()?,
        })
    }
}

fn archive_class(object: &Object) -> Result<StorageClass> {
    let class = object.described.storage_class;
    if class.is_archive() {
        return Ok(class);
    }
    let message = "The operation is not supported for this resource";
    Err(OssError::bad("OperationNotSupported", message).with_event_code("0016-00000702"))
}

fn in_progress() -> OssError {
    let message = "The restore operation is in progress.";
    OssError::conflict("RestoreAlreadyInProgress", message).with_event_code("0016-00000701")
}

fn set_restored(request: &OssRequest, restored: Option<Restored>) -> Record {
    Record::SetRestored {
        bucket: request.bucket().to_owned(),
        key: request.key().to_owned(),
        restored,
    }
}
