//! Why a pass over a source did not get to its end.
//!
//! Nothing of the user's doing is among it: that is told in the source's conditions. What is
//! left is trouble with the API server, or a pass that took too long.

use std::time::Duration;

use thiserror::Error;
use transport::Disposition;

/// A pass may take this long, with all its calls. A slow MNS alone cannot make it so.
pub(crate) const PASS: Duration = Duration::from_mins(1);

/// Why a pass ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PassError {
    /// The API server did not do what it was asked to.
    #[error("{doing} failed")]
    Kube {
        /// What was being done.
        doing: &'static str,
        /// What the API server said.
        #[source]
        source: kube::Error,
    },
    /// The pass took too long.
    #[error("the pass was not done after {} s", PASS.as_secs())]
    TimedOut,
    /// What must be removed from MNS cannot be removed now.
    #[error("cannot remove what is in MNS yet: {0}")]
    CleanUp(String),
}

impl PassError {
    /// What to do next. Refusals for good are few, and somebody has to act on them.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Kube { source, .. } => disposition(source),
            Self::TimedOut | Self::CleanUp(_) => Disposition::Retry,
        }
    }

    /// Whether somebody else changed the object first. Not worth a warning: the next look
    /// sees the change.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Kube { source: kube::Error::Api(status), .. } if status.is_conflict())
    }
}

/// Attaches what was being done.
pub(crate) fn doing<T>(doing: &'static str, result: kube::Result<T>) -> Result<T, PassError> {
    result.map_err(|source| PassError::Kube { doing, source })
}

/// Whether the same call may succeed later.
pub(crate) fn disposition(error: &kube::Error) -> Disposition {
    match error {
        kube::Error::Api(status) if matches!(status.code, 400 | 403 | 405 | 413 | 422) => {
            Disposition::Permanent
        }
        kube::Error::SerdeError(_) | kube::Error::BuildRequest(_) => Disposition::Permanent,
        _ => Disposition::Retry,
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[test]
    fn refusals_for_good_are_few() {
        let status =
            |code, reason| kube::Error::Api(Status::failure("", reason).with_code(code).boxed());
        let table = [
            ("invalid", status(422, "Invalid"), false, false),
            ("forbidden", status(403, "Forbidden"), false, false),
            ("conflict", status(409, "Conflict"), true, true),
            ("throttled", status(429, "TooManyRequests"), true, false),
            ("down", status(503, "ServiceUnavailable"), true, false),
            ("no TLS", kube::Error::TlsRequired, true, false),
        ];
        for (name, source, is_retryable, is_conflict) in table {
            let error = PassError::Kube { doing: "x", source };
            assert_eq!(error.disposition().is_retryable(), is_retryable, "{name}");
            assert_eq!(error.is_conflict(), is_conflict, "{name}");
        }
    }
}
