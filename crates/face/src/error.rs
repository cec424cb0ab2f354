//! Why a photo could not be analysed.
//!
//! A caller tells three kinds apart: the picture is refused, the configuration is wrong, or the
//! service failed. No text here holds a URL, because the URLs in question are secrets.

use std::fmt;
use std::time::Duration;

use thiserror::Error;
use transport::{BoxError, Disposition, TransportError};

/// Why there is no analysis.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FaceError {
    /// The service refuses this picture. Permanent.
    #[error("`{service}` refuses the picture")]
    PictureRefused {
        /// The service.
        service: &'static str,
        /// The refusal.
        #[source]
        source: Refusal,
    },
    /// The service sees files only as they are stored, and this one is not stored upright.
    /// Whether the service turns it is not documented. Permanent.
    #[error(
        "`{service}` sees a photo only as it is stored, and this one is not stored upright: store it upright, or set another back end"
    )]
    NotUpright {
        /// The service.
        service: &'static str,
    },
    /// The photo could not be encoded or decoded as the back end needs it. Permanent.
    #[error("the picture cannot be prepared for analysis")]
    PictureUnreadable {
        /// The error of the [`Photo`](crate::Photo).
        #[source]
        source: BoxError,
    },
    /// The service would refuse any picture: wrong key, service not bought, bad region.
    /// Permanent until the configuration changes.
    #[error("`{service}` cannot be used as configured")]
    Misconfigured {
        /// The service.
        service: &'static str,
        /// A [`Refusal`], or why no request could be made.
        #[source]
        source: BoxError,
    },
    /// The service is busy, down or out of reach. Temporary.
    #[error("`{service}` is unavailable")]
    Unavailable {
        /// The service.
        service: &'static str,
        /// The wait that the service asked for.
        wait: Option<Duration>,
        /// A [`Refusal`] or a [`TransportError`].
        #[source]
        source: BoxError,
    },
    /// The service reports success, but its response cannot be read. Temporary: responses are cut
    /// off, and proxies interfere.
    #[error("`{service}` sent a response that cannot be used")]
    InvalidResponse {
        /// The service.
        service: &'static str,
        /// What is wrong with the response.
        #[source]
        source: ResponseError,
    },
    /// The detector or a decoder panicked. Permanent for this picture.
    #[error("the analysis of the picture crashed")]
    Crashed {
        /// The task that panicked.
        #[source]
        source: tokio::task::JoinError,
    },
}

impl FaceError {
    /// What to do next. Temporary failures have been retried already, as the transport's policy
    /// allows.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Unavailable { wait, .. } => Disposition::retry_after(*wait),
            Self::InvalidResponse { .. } => Disposition::Retry,
            Self::PictureRefused { .. }
            | Self::NotUpright { .. }
            | Self::PictureUnreadable { .. }
            | Self::Misconfigured { .. }
            | Self::Crashed { .. } => Disposition::Permanent,
        }
    }

    /// A short name of the kind, from a closed set: fit for a metric's label.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::PictureRefused { .. } => "picture_refused",
            Self::NotUpright { .. } => "not_upright",
            Self::PictureUnreadable { .. } => "picture_unreadable",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Unavailable { .. } => "unavailable",
            Self::InvalidResponse { .. } => "invalid_answer",
            Self::Crashed { .. } => "crashed",
        }
    }

    /// The error for a call without a response.
    pub(crate) fn from_transport(service: &'static str, source: TransportError) -> Self {
        match source {
            TransportError::TooLarge { limit_bytes, .. } => Self::InvalidResponse {
                service,
                source: ResponseError::TooLarge { limit_bytes },
            },
            source if source.disposition().is_retryable() => Self::Unavailable {
                service,
                wait: None,
                source: source.into(),
            },
            source => Self::Misconfigured {
                service,
                source: source.into(),
            },
        }
    }

    /// Adds the wait that the response asked for to [`FaceError::Unavailable`].
    pub(crate) fn with_wait(mut self, asked: Option<Duration>) -> Self {
        if let Self::Unavailable { wait, .. } = &mut self {
            *wait = asked;
        }
        self
    }
}

/// What is wrong with a response that reports success.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// Not JSON, or not of the documented types.
    #[error("it does not have the documented form")]
    Form {
        /// Where reading stopped.
        #[source]
        source: FormError,
    },
    /// A field that success implies is absent.
    #[error("it lacks `{field}`")]
    Missing {
        /// Its name on the wire.
        field: &'static str,
    },
    /// A list does not fit the number of faces.
    #[error("`{list}` has {found} entries where {expected} are due")]
    Length {
        /// Its name on the wire.
        list: &'static str,
        /// Entries that the number of faces calls for.
        expected: usize,
        /// Entries that are there.
        found: usize,
    },
    /// It names an upload host that is not the vendor's.
    #[error("it names the upload host `{host}`, which is none of Alibaba Cloud's")]
    ForeignHost {
        /// The host as given, made printable.
        host: String,
    },
    /// Larger than any real answer.
    #[error("it exceeds {limit_bytes} bytes")]
    TooLarge {
        /// What a response may have.
        limit_bytes: usize,
    },
}

/// The JSON parser's message, cut: it repeats unexpected input.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct FormError(String);

impl From<serde_json::Error> for FormError {
    fn from(error: serde_json::Error) -> Self {
        Self(crate::refusal::printable(&error.to_string()))
    }
}

/// A refusal as the service states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error code, such as `InvalidImage.Resolution`; the HTTP status where there is none.
    pub code: String,
    /// Text for people, or nothing; words that might hold a URL or a signature are masked.
    pub message: String,
    /// The request id, which the service's support asks for; empty if there is none.
    pub request_id: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if !self.request_id.is_empty() {
            write!(f, " (request `{}`)", self.request_id)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
