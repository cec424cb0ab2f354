//! The failures of an event, and what the sender should do about each.
//!
//! The statuses are chosen by Knative's table: 404, 408, 409, 429 and 5xx are delivered again,
//! every other 4xx ends the delivery and dead-letters the event.

use std::time::Duration;

use face::FaceError;
use http::StatusCode;
use oss::NameError;
use oss::event::{AddressError, EventError};
use transport::Disposition;

use picture::PictureError;

/// Why an event was not processed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The request is no CloudEvent.
    #[error(transparent)]
    Event(#[from] events::DecodeError),
    /// The request has more bytes than an event may have.
    #[error("the event has more than {limit_bytes} bytes")]
    EventTooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The request's body breaks the rules of HTTP.
    #[error("the body of the request is not what its headers announce")]
    EventMalformed(#[source] transport::BoxError),
    /// The request broke off, or came too slowly.
    #[error("the event did not arrive whole and in time")]
    EventCutOff,
    /// The CloudEvent's data is no OSS event.
    #[error("the data is no OSS event")]
    Document(#[source] EventError),
    /// The OSS event names no object.
    #[error("the event's object has no usable address")]
    Address(#[source] AddressError),
    /// The result would have no usable key.
    #[error("the result has no usable key")]
    ResultKey(#[source] NameError),
    /// The configuration does not allow this bucket or region.
    #[error("{what} `{name}` is not allowed, see the setting `{setting}`")]
    Forbidden {
        /// `bucket` or `region`.
        what: &'static str,
        /// Its name.
        name: String,
        /// The setting that lists those that are allowed.
        setting: &'static str,
    },
    /// The photo's file is larger than allowed.
    #[error(
        "the photo has {size_bytes} bytes; the limit is {limit_bytes} (`FACE_MAX_OBJECT_BYTES`)"
    )]
    TooLarge {
        /// Its size.
        size_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The photo's content cannot be processed.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The photo is not there any more, or its bucket is not.
    #[error("the photo is gone")]
    Gone(#[source] oss::Error),
    /// A request to OSS failed.
    #[error("{doing}")]
    Storage {
        /// What the request was for.
        doing: &'static str,
        /// The answer of OSS, or why there is none.
        #[source]
        source: oss::Error,
    },
    /// The endpoint of a region cannot be used.
    #[error("no request can be made for this region")]
    Endpoint(#[source] oss::EndpointError),
    /// The back end failed, or refused the photo.
    #[error("the faces could not be found")]
    Faces(#[source] FaceError),
    /// The photo kept changing while it was worked on.
    #[error("the photo was overwritten {attempts} times during processing")]
    Overwritten {
        /// How often the work was begun.
        attempts: u32,
    },
    /// The photo took too long.
    #[error("processing the photo took longer than {} seconds", after.as_secs())]
    Deadline {
        /// The limit.
        after: Duration,
    },
    /// More events are in progress than allowed, or than can be done in time.
    #[error("too many events in progress")]
    Busy,
    /// The client went away before work on the photo began. No client reads this.
    #[error("the client disconnected before work on the photo began")]
    ClientGone,
    /// The process was told to end.
    #[error("the service is shutting down")]
    Stopping,
    /// A defect here or in a decoder: the work panicked. The same photo would do it again.
    #[error("the photo could not be processed because of a defect in this service")]
    Defect,
    /// The reply could not be written. A defect as well, but the photo is done.
    #[error("the reply could not be written")]
    Reply(#[source] events::EncodeError),
}

/// What the sender should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAdvice {
    /// Deliver again; it may pass. After the time given, if one is.
    Retry(Option<Duration>),
    /// Deliver again, but a person must act first.
    Misconfigured,
    /// Deliver no more: this status.
    GiveUp(StatusCode),
}

/// Codes of OSS that mean a mistake in keys, rights or endpoints, not in the photo.
const CONFIGURATION_CODES: [&str; 10] = [
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSecurityToken",
    "SecurityTokenExpired",
    "AccessKeyIdAndSecurityTokenNotMatch",
    "SecondLevelDomainForbidden",
    "BucketNotBelongTo",
    "UserDisable",
    "CnameDenied",
];

impl Failure {
    /// The failure that an answer of OSS means: about the photo, or about this service's access.
    pub(crate) fn storage(doing: &'static str, source: oss::Error) -> Self {
        // OSS numbers its answers. A 404 of anything else says nothing about the photo.
        let is_oss =
            source.code().is_some() || source.request_id().is_some_and(|id| !id.is_empty());
        if is_oss && (source.is_no_such_key() || source.code() == Some("NoSuchBucket")) {
            Self::Gone(source)
        } else {
            Self::Storage { doing, source }
        }
    }

    /// The failure that an error of a back end means; one of a decoder is about the photo.
    pub(crate) fn faces(error: FaceError) -> Self {
        match error {
            FaceError::PictureUnreadable { source } => match source.downcast::<PictureError>() {
                Ok(error) => Self::Picture(*error),
                Err(source) => Self::Faces(FaceError::PictureUnreadable { source }),
            },
            error => Self::Faces(error),
        }
    }

    /// What the sender should do. No wildcard arm: a new variant must choose.
    #[must_use]
    pub fn retry_advice(&self) -> RetryAdvice {
        match self {
            Self::Event(_)
            | Self::EventMalformed(_)
            | Self::Document(_)
            | Self::Address(_)
            | Self::ResultKey(_) => RetryAdvice::GiveUp(StatusCode::BAD_REQUEST),
            Self::EventTooLarge { .. } | Self::TooLarge { .. } => {
                RetryAdvice::GiveUp(StatusCode::PAYLOAD_TOO_LARGE)
            }
            Self::Forbidden { .. } => RetryAdvice::GiveUp(StatusCode::FORBIDDEN),
            Self::Picture(error) => RetryAdvice::GiveUp(picture_status(error)),
            Self::Gone(_) => RetryAdvice::GiveUp(StatusCode::GONE),
            Self::Defect => RetryAdvice::GiveUp(StatusCode::UNPROCESSABLE_ENTITY),
            Self::Storage { source, .. } => storage_advice(source),
            Self::Endpoint(_) | Self::Reply(_) => RetryAdvice::Misconfigured,
            Self::Faces(error) => faces_advice(error),
            Self::EventCutOff
            | Self::Overwritten { .. }
            | Self::Deadline { .. }
            | Self::Busy
            | Self::ClientGone
            | Self::Stopping => RetryAdvice::Retry(None),
        }
    }

    /// One word for metrics and answers, from a closed set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Event(_) | Self::EventMalformed(_) | Self::Document(_) => "bad_event",
            Self::EventTooLarge { .. } => "event_too_large",
            Self::EventCutOff => "event_cut_off",
            Self::Address(_) | Self::ResultKey(_) => "bad_address",
            Self::Forbidden { .. } => "forbidden",
            Self::TooLarge { .. } => "too_large",
            Self::Picture(error) => error.reason(),
            Self::Gone(_) => "gone",
            Self::Storage { .. } | Self::Endpoint(_) => "storage",
            Self::Faces(error) => faces_reason(error),
            Self::Overwritten { .. } => "overwritten",
            Self::Deadline { .. } => "deadline",
            Self::Busy => "busy",
            Self::ClientGone => "left",
            Self::Stopping => "stopping",
            Self::Defect | Self::Reply(_) => "defect",
        }
    }

    /// The status of an answer that consists of this failure.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match (self, self.retry_advice()) {
            (Self::Busy, _) => StatusCode::TOO_MANY_REQUESTS,
            (_, RetryAdvice::Retry(_)) => StatusCode::SERVICE_UNAVAILABLE,
            (_, RetryAdvice::Misconfigured) => StatusCode::INTERNAL_SERVER_ERROR,
            (_, RetryAdvice::GiveUp(status)) => status,
        }
    }
}

fn picture_status(error: &PictureError) -> StatusCode {
    match error {
        PictureError::Unsupported { .. } | PictureError::Animated { .. } => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        PictureError::TooWide { .. }
        | PictureError::TooManyPixels { .. }
        | PictureError::TooManyBytes { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn storage_advice(error: &oss::Error) -> RetryAdvice {
    if error
        .code()
        .is_some_and(|code| CONFIGURATION_CODES.contains(&code))
    {
        return RetryAdvice::Misconfigured;
    }
    match error.disposition() {
        Disposition::Retry => RetryAdvice::Retry(None),
        Disposition::RetryAfter(wait) => RetryAdvice::Retry(Some(wait)),
        Disposition::Permanent => match error {
            // About this object alone, an archived one for example. A redirect, or a refusal
            // without a code, does not come from the OSS that was meant.
            oss::Error::Refused { refusal, .. }
                if refusal.code().is_some() && refusal.status().is_client_error() =>
            {
                RetryAdvice::GiveUp(StatusCode::UNPROCESSABLE_ENTITY)
            }
            oss::Error::TooLarge { .. } => RetryAdvice::GiveUp(StatusCode::UNPROCESSABLE_ENTITY),
            _ => RetryAdvice::Misconfigured,
        },
    }
}

fn faces_advice(error: &FaceError) -> RetryAdvice {
    match (error.disposition(), error) {
        (Disposition::Retry, _) => RetryAdvice::Retry(None),
        (Disposition::RetryAfter(wait), _) => RetryAdvice::Retry(Some(wait)),
        (Disposition::Permanent, FaceError::Misconfigured { .. }) => RetryAdvice::Misconfigured,
        (Disposition::Permanent, _) => RetryAdvice::GiveUp(StatusCode::UNPROCESSABLE_ENTITY),
    }
}

fn faces_reason(error: &FaceError) -> &'static str {
    match error {
        FaceError::PictureRefused { .. } | FaceError::NotUpright { .. } => "face_api_refused",
        FaceError::Misconfigured { .. } => "face_api_misconfigured",
        FaceError::Unavailable { .. } | FaceError::InvalidResponse { .. } => "face_api_unavailable",
        _ => "defect",
    }
}

#[cfg(test)]
mod tests;
