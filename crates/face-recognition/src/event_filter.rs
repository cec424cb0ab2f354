//! Decides whether an OSS event is about a photo to annotate. A pure function of event and
//! configuration.

use oss::event::{Event, EventKind, ObjectAddress};

use crate::config::{Limits, Storage};
use crate::failure::Failure;
use crate::hint::Hint;

/// Why an event is acknowledged and nothing done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// The request holds no OSS event at all.
    NoEvents,
    /// The event is one of this service's replies, routed back by the broker.
    OwnReply,
    /// No object was completed: one was read, deleted or replicated, or a part was uploaded.
    NotCreated,
    /// It lies in the folder for results.
    InTarget,
    /// It is a result, by its metadata, wherever it lies.
    OwnResult,
    /// A folder, as the console makes them.
    Folder,
    /// By its name, its media type, its content, or because it was empty and is gone.
    NotAnImage,
}

impl SkipReason {
    /// One word for metrics and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoEvents => "no_events",
            Self::OwnReply => "own_reply",
            Self::NotCreated => "not_created",
            Self::InTarget => "in_target",
            Self::OwnResult => "own_result",
            Self::Folder => "folder",
            Self::NotAnImage => "not_an_image",
        }
    }
}

/// What to do with an event.
#[derive(Debug)]
pub enum Decision {
    /// Annotate the photo.
    Take(Box<Job>),
    /// Acknowledge it.
    Skip(SkipReason),
}

/// A photo to be annotated.
#[derive(Debug, Clone)]
pub struct Job {
    /// Where it is.
    pub address: ObjectAddress,
    /// The account that owns the bucket, for the subject of the reply.
    pub owner_id: Option<String>,
    /// Whether its name or media type calls it a picture.
    pub(crate) hint: Hint,
    /// Whether the event says that it is empty, which only counts when it is gone.
    pub(crate) said_empty: bool,
}

/// Decides about one event.
///
/// # Errors
/// Permanent: an event whose object cannot be addressed, that asks for a bucket or region
/// outside the configuration, or whose photo is too large.
pub fn decide(event: &Event, storage: &Storage, limits: &Limits) -> Result<Decision, Failure> {
    if event.name.kind() != EventKind::ObjectFinished {
        return Ok(Decision::Skip(SkipReason::NotCreated));
    }
    let address = event
        .address()
        .map_err(|error| Failure::Address(error.clone()))?;
    if storage.target.holds(&address.key) {
        return Ok(Decision::Skip(SkipReason::InTarget));
    }
    allowed(address, storage)?;
    let key = address.key.as_str();
    if key.ends_with('/') {
        return Ok(Decision::Skip(SkipReason::Folder));
    }
    let hint = Hint::of(key, event.content_type.as_deref());
    if hint == Hint::Other {
        return Ok(Decision::Skip(SkipReason::NotAnImage));
    }
    // Only if it is called a picture: anything else may turn out to be none.
    if let (Hint::Picture, Some(size_bytes)) = (hint, event.size_bytes) {
        small_enough(size_bytes, limits)?;
    }
    let owner_id = event.owner_id.clone();
    Ok(Decision::Take(Box::new(Job {
        address: address.clone(),
        owner_id,
        hint,
        said_empty: event.size_bytes == Some(0),
    })))
}

/// Checks a size against the limit for photo files.
pub(crate) fn small_enough(size_bytes: u64, limits: &Limits) -> Result<(), Failure> {
    if size_bytes > limits.max_object_bytes {
        return Err(Failure::TooLarge {
            size_bytes,
            limit_bytes: limits.max_object_bytes,
        });
    }
    Ok(())
}

fn allowed(address: &ObjectAddress, storage: &Storage) -> Result<(), Failure> {
    let ObjectAddress { region, bucket, .. } = address;
    if !storage.allowed_regions.admits(region) {
        return Err(Failure::Forbidden {
            what: "region",
            name: region.to_string(),
            setting: "OSS_ALLOWED_REGIONS",
        });
    }
    if !storage.allowed_buckets.admits(bucket) {
        return Err(Failure::Forbidden {
            what: "bucket",
            name: bucket.to_string(),
            setting: "OSS_ALLOWED_BUCKETS",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
