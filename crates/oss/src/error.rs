//! Why an operation failed, and what to do about it.
//!
//! There is one error type for all operations, because a caller that reads and writes an object
//! has one decision to make, whichever step failed: repeat, wait, or give up. That is decided here
//! ([`Error::disposition`]). No text contains a query, a signature or a credential.

mod context;
mod refusal;

use http::{HeaderMap, StatusCode, header, response};
use jiff::{SignedDuration, Timestamp};
use signing::SignError;
use thiserror::Error;
use transport::{BoxError, Disposition, TransportError};

pub(crate) use self::refusal::classify;
use self::refusal::shown;
pub use self::{
    context::{Context, Operation},
    refusal::Refusal,
};
use crate::crc64::Crc64;

/// Why an operation failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// OSS refused the request.
    #[error("{context} was refused: {refusal}")]
    Refused {
        /// The operation and its object.
        context: Box<Context>,
        /// The refusal as OSS states it.
        refusal: Box<Refusal>,
    },
    /// OSS refused the request because this machine's clock is wrong. Passes when the clock
    /// is set, and has nothing to do with the object.
    #[error(
        "{context} was refused because this machine's clock is {}; set the clock (request `{}`)",
        shown_skew(*skew),
        shown(request_id)
    )]
    ClockSkewed {
        /// The operation and its object.
        context: Box<Context>,
        /// How far this machine is ahead of OSS, if OSS said what time it has.
        skew: Option<SignedDuration>,
        /// The request id.
        request_id: String,
    },
    /// There is no whole response, and OSS may or may not have acted.
    #[error("{context} went unanswered")]
    Unanswered {
        /// The operation and its object.
        context: Box<Context>,
        /// The reason. Attempts that may be repeated have been.
        #[source]
        source: TransportError,
    },
    /// A URL could not be signed, for example because it was to live too long. Permanent.
    #[error("{context} cannot be signed")]
    Unsigned {
        /// The operation and its object.
        context: Box<Context>,
        /// The reason.
        #[source]
        source: SignError,
    },
    /// A parameter is outside the limits of OSS, so nothing was sent. Permanent.
    #[error("{context} exceeds a limit of OSS: {reason}")]
    OutsideLimits {
        /// The operation and its object.
        context: Box<Context>,
        /// The limit.
        reason: &'static str,
    },
    /// OSS reported success in a document or with headers that cannot be read.
    #[error("the response to {context} is not understood")]
    Unreadable {
        /// The operation and its object.
        context: Box<Context>,
        /// What is wrong with the response.
        #[source]
        source: BoxError,
    },
    /// The object is larger than the caller's limit. Permanent.
    #[error("{context} would read more than {limit_bytes} bytes")]
    TooLarge {
        /// The operation and its object.
        context: Box<Context>,
        /// The caller's limit.
        limit_bytes: u64,
    },
    /// The body ended early or went on too long.
    #[error("{context} transferred {received_bytes} bytes of {announced_bytes}")]
    Truncated {
        /// The operation and its object.
        context: Box<Context>,
        /// How many bytes the head of the response announced.
        announced_bytes: u64,
        /// How many came.
        received_bytes: u64,
    },
    /// The checksums of both sides differ: the bytes changed on the way.
    #[error("{context} was damaged on the way: CRC-64 is {ours} here and {theirs} at OSS")]
    Damaged {
        /// The operation and its object.
        context: Box<Context>,
        /// Computed here.
        ours: Crc64,
        /// Reported by OSS.
        theirs: Crc64,
    },
    /// OSS ignored the range and sent the whole object, as it does when the range does not lie
    /// within the object. Permanent.
    #[error("{context} got the whole object: the range is not one of this object's")]
    RangeIgnored {
        /// The operation and its object.
        context: Box<Context>,
    },
}

impl Error {
    /// The operation that failed and its object.
    #[must_use]
    pub fn context(&self) -> &Context {
        match self {
            Self::Refused { context, .. }
            | Self::ClockSkewed { context, .. }
            | Self::Unanswered { context, .. }
            | Self::Unsigned { context, .. }
            | Self::OutsideLimits { context, .. }
            | Self::Unreadable { context, .. }
            | Self::TooLarge { context, .. }
            | Self::Truncated { context, .. }
            | Self::Damaged { context, .. }
            | Self::RangeIgnored { context } => context,
        }
    }

    /// What to do next. Calls worth repeating at once have been repeated already.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Refused { refusal, .. } => refusal.disposition(),
            Self::Unanswered { source, .. } => source.disposition(),
            Self::ClockSkewed { .. }
            | Self::Truncated { .. }
            | Self::Damaged { .. }
            | Self::Unreadable { .. } => Disposition::Retry,
            Self::Unsigned { .. }
            | Self::OutsideLimits { .. }
            | Self::TooLarge { .. }
            | Self::RangeIgnored { .. } => Disposition::Permanent,
        }
    }

    /// The refusal, if OSS refused the request.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// The error code of the refusal, such as `NoSuchKey`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::ClockSkewed { .. } => Some(CLOCK_SKEWED),
            _ => self.refusal()?.code(),
        }
    }

    /// The request id, which OSS's support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::ClockSkewed { request_id, .. } => Some(request_id),
            _ => self.refusal().map(Refusal::request_id),
        }
    }

    /// Whether the bucket has no such object.
    #[must_use]
    pub fn is_no_such_key(&self) -> bool {
        match self.code() {
            Some(code) => code == "NoSuchKey",
            // A HEAD answer of an older server says nothing but 404.
            None => self.context().key.is_some() && self.is_status(StatusCode::NOT_FOUND),
        }
    }

    /// Whether a put that forbade overwriting, or a create, found the place taken.
    #[must_use]
    pub fn is_already_there(&self) -> bool {
        matches!(
            self.code(),
            Some("FileAlreadyExists" | "BucketAlreadyExists")
        )
    }

    /// Whether the object is no longer (or never was) the version asked for with `if_match`.
    #[must_use]
    pub fn is_precondition_failed(&self) -> bool {
        self.is_status(StatusCode::PRECONDITION_FAILED)
    }

    /// Whether the object is still the version named with `if_none_match`.
    #[must_use]
    pub fn is_not_modified(&self) -> bool {
        self.is_status(StatusCode::NOT_MODIFIED)
    }

    fn is_status(&self, status: StatusCode) -> bool {
        self.refusal()
            .is_some_and(|refusal| refusal.status() == status)
    }

    pub(crate) fn refused(context: &Context, head: &response::Parts, body: &[u8]) -> Self {
        let context = Box::new(context.clone());
        let refusal = Refusal::read(head, body);
        if refusal.code() == Some(CLOCK_SKEWED) {
            let request_id = refusal.request_id().to_owned();
            let skew = skew(&head.headers, Timestamp::now());
            return Self::ClockSkewed {
                context,
                skew,
                request_id,
            };
        }
        Self::Refused {
            context,
            refusal: Box::new(refusal),
        }
    }

    pub(crate) fn unanswered(context: &Context, source: TransportError) -> Self {
        Self::Unanswered {
            context: Box::new(context.clone()),
            source,
        }
    }

    pub(crate) fn unreadable(context: &Context, source: impl Into<BoxError>) -> Self {
        Self::Unreadable {
            context: Box::new(context.clone()),
            source: source.into(),
        }
    }

    pub(crate) fn outside_limits(context: &Context, reason: &'static str) -> Self {
        Self::OutsideLimits {
            context: Box::new(context.clone()),
            reason,
        }
    }
}

const CLOCK_SKEWED: &str = "RequestTimeTooSkewed";

/// How far this machine's clock is ahead of the one behind the response.
fn skew(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    Some(now.duration_since(signing::time::parse_http_date(date)?))
}

fn shown_skew(skew: Option<SignedDuration>) -> String {
    match skew {
        Some(skew) if skew.is_negative() => format!("{} s behind", skew.unsigned_abs().as_secs()),
        Some(skew) => format!("{} s ahead", skew.unsigned_abs().as_secs()),
        None => "wrong".to_owned(),
    }
}
