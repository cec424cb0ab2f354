//! What the end of one request to a sink means: for the metrics, and for how many more it gets.

use crate::concurrency::Outcome;
use crate::metrics::AttemptResult;
use crate::sink::{Failure, FailureKind, is_overload};

impl AttemptResult {
    pub(crate) fn of(sent: &Result<(), Failure>) -> Self {
        let Err(failure) = sent else {
            return Self::Accepted;
        };
        match failure.kind {
            FailureKind::Answered(_) if failure.is_retryable() => Self::Retryable,
            FailureKind::Answered(_) => Self::Refused,
            FailureKind::TokenRefused(_) => Self::Retryable,
            FailureKind::TimedOut(_) => Self::TimedOut,
            FailureKind::Unanswered(_) => Self::Unanswered,
        }
    }
}

impl Outcome {
    pub(crate) fn of(sent: &Result<(), Failure>) -> Self {
        match sent.as_ref().map_err(|failure| &failure.kind) {
            Err(FailureKind::Answered(status)) if is_overload(*status) => Self::Overloaded,
            Ok(()) | Err(FailureKind::Answered(_) | FailureKind::TokenRefused(_)) => Self::Answered,
            Err(FailureKind::TimedOut(_)) => Self::Overloaded,
            Err(FailureKind::Unanswered(_)) => Self::Unknown,
        }
    }
}
