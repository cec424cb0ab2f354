//! Why there is no response to hand back.
//!
//! A response with an error status is a response: it is returned, and its meaning is the
//! caller's. No text here holds more of a URL than its host.

use std::time::Duration;

use thiserror::Error;

use crate::disposition::Disposition;

/// Any error, as a cause.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call has no response.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The request could not be made or could not be sent as it was signed.
    #[error("the request cannot be sent")]
    Unsendable {
        /// What the maker of the request, or the URL parser, said.
        #[source]
        source: BoxError,
    },
    /// The request would go to an address that this client must keep away from.
    #[error("`{host}` is an address that requests must not go to")]
    OutOfReach {
        /// Where the request was going.
        host: String,
    },
    /// No connection came about, so the service did nothing.
    #[error("no connection to `{host}`")]
    Unreachable {
        /// Where the request was going.
        host: String,
        /// The resolver's, the socket's or the TLS library's reason.
        #[source]
        source: BoxError,
    },
    /// The connection broke before a whole response; what the service did is unknown.
    #[error("no answer from `{host}`")]
    Unanswered {
        /// Where the request was going.
        host: String,
        /// What broke.
        #[source]
        source: BoxError,
    },
    /// The attempt's deadline passed; what the service did is unknown.
    #[error("no answer from `{host}` within {} ms", after.as_millis())]
    TimedOut {
        /// Where the request was going.
        host: String,
        /// How long one attempt was allowed to take.
        after: Duration,
    },
    /// The response is larger than the caller is ready to hold.
    #[error("the answer of `{host}` exceeds {limit_bytes} bytes")]
    TooLarge {
        /// Where the response came from.
        host: String,
        /// The limit that the caller set.
        limit_bytes: usize,
    },
}

impl TransportError {
    /// What to do next. The attempts that the call's terms allow have been made already.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Unreachable { .. } | Self::Unanswered { .. } | Self::TimedOut { .. } => {
                Disposition::Retry
            }
            Self::Unsendable { .. } | Self::OutOfReach { .. } | Self::TooLarge { .. } => {
                Disposition::Permanent
            }
        }
    }

    /// Whether the service certainly did nothing about the request.
    #[must_use]
    pub fn is_unprocessed(&self) -> bool {
        match self {
            Self::Unsendable { .. } | Self::OutOfReach { .. } | Self::Unreachable { .. } => true,
            Self::Unanswered { .. } | Self::TimedOut { .. } | Self::TooLarge { .. } => false,
        }
    }

    /// One word for traces and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unsendable { .. } => "unsendable",
            Self::OutOfReach { .. } => "out_of_reach",
            Self::Unreachable { .. } => "unreachable",
            Self::Unanswered { .. } => "unanswered",
            Self::TimedOut { .. } => "timeout",
            Self::TooLarge { .. } => "too_large",
        }
    }

    /// Sorts what the HTTP library reports, leaving the URL out.
    pub(crate) fn from_reqwest(host: &str, source: reqwest::Error) -> Self {
        let (is_builder, is_connect) = (source.is_builder(), source.is_connect());
        let source = source.without_url().into();
        let host = host.to_owned();
        if is_builder {
            Self::Unsendable { source }
        } else if is_connect {
            Self::Unreachable { host, source }
        } else {
            Self::Unanswered { host, source }
        }
    }
}
