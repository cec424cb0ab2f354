//! What the receiver of an error should do next, decided where the error is made.
//!
//! Every client error of this workspace answers `disposition()` with this type, so that a
//! queue consumer or an HTTP handler needs no knowledge of codes. It carries no reason and no
//! text: those are in the error.

use std::time::Duration;

/// What to do about a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The same call may succeed later; wait a little first.
    Retry,
    /// The service named the earliest moment at which to call again.
    RetryAfter(Duration),
    /// The same call fails tomorrow too.
    Permanent,
}

impl Disposition {
    /// Whether another try makes sense at all.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        match self {
            Self::Retry | Self::RetryAfter(_) => true,
            Self::Permanent => false,
        }
    }

    /// [`RetryAfter`](Self::RetryAfter) where a wait is known, [`Retry`](Self::Retry) otherwise.
    #[must_use]
    pub fn retry_after(wait: Option<Duration>) -> Self {
        wait.map_or(Self::Retry, Self::RetryAfter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_permanent_failures_are_final() {
        assert!(Disposition::retry_after(None).is_retryable());
        assert!(Disposition::retry_after(Some(Duration::ZERO)).is_retryable());
        assert!(!Disposition::Permanent.is_retryable());
    }
}
