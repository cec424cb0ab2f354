//! Errors that end a reconcile before it has written the status.
//!
//! Mistakes of the user are not among them: the source's conditions report those. The errors here
//! are those of the API server, and a reconcile that took too long.

use std::time::Duration;

use kube::core::Status;
use thiserror::Error;
use transport::Disposition;

/// How long a reconcile may take, with all its calls. A slow MNS alone cannot make it so.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// Why a reconcile ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// A call to the API server failed.
    #[error("{doing} failed")]
    Kube {
        /// The action.
        doing: &'static str,
        /// The error of the API server.
        #[source]
        source: kube::Error,
    },
    /// The reconcile took too long.
    #[error("the reconcile took longer than {} s", DEADLINE.as_secs())]
    TimedOut,
    /// Resources in MNS cannot be removed now.
    #[error("cannot remove the resources in MNS yet: {0}")]
    Finalize(String),
}

impl ReconcileError {
    /// What to do next. Permanent refusals are few, and a person has to act on them.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Kube { source, .. } => disposition(source),
            Self::TimedOut | Self::Finalize(_) => Disposition::Retry,
        }
    }

    /// Whether another client changed the object first. Not worth a warning: the next reconcile
    /// sees the change.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Kube { source: kube::Error::Api(status), .. } if status.is_conflict())
    }

    /// Whether nothing can be created any more, because the namespace is being deleted.
    #[must_use]
    pub(crate) fn is_namespace_terminating(&self) -> bool {
        matches!(self, Self::Kube { source: kube::Error::Api(status), .. } if is_namespace_terminating(status))
    }
}

/// Adds the action to an error of a call.
pub(crate) fn doing<T>(doing: &'static str, result: kube::Result<T>) -> Result<T, ReconcileError> {
    result.map_err(|source| ReconcileError::Kube { doing, source })
}

/// Whether the API server refused a call permanently.
pub(crate) fn is_refusal(status: &Status) -> bool {
    matches!(status.code, 400 | 403 | 405 | 413 | 422)
}

/// Whether the API server refused to create an object because its namespace is being deleted.
pub(crate) fn is_namespace_terminating(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .into_iter()
        .any(|cause| cause.reason == "NamespaceTerminating")
}

/// Whether the same call may succeed later.
fn disposition(error: &kube::Error) -> Disposition {
    match error {
        kube::Error::Api(status) if is_refusal(status) => Disposition::Permanent,
        kube::Error::SerdeError(_) | kube::Error::BuildRequest(_) => Disposition::Permanent,
        _ => Disposition::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permanent_refusals_are_few() {
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
            let error = ReconcileError::Kube { doing: "x", source };
            assert_eq!(error.disposition().is_retryable(), is_retryable, "{name}");
            assert_eq!(error.is_conflict(), is_conflict, "{name}");
        }
    }
}
