//! The time within which work on a photo must begin.
//!
//! Under overload, a photo that waits must not hold up others. One whose client went away is
//! delivered again anyway, and one that waited too long would be cut off before it is done, so
//! both give up their place in the queue. Work that has begun goes on: its result serves the
//! next delivery.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// The end of one photo's wait.
#[derive(Debug)]
pub(crate) struct AdmissionDeadline {
    /// Cancelled when the client has gone away.
    client_gone: CancellationToken,
    deadline: Instant,
}

impl AdmissionDeadline {
    /// Ends `longest` from now, or when `client_gone` is cancelled.
    pub(crate) fn new(client_gone: CancellationToken, longest: Duration) -> Self {
        Self {
            client_gone,
            deadline: Instant::now() + longest,
        }
    }

    /// Waits for `permit`, which may be a lock or any other leave to begin. If it is ready at
    /// once, the deadline does not matter.
    ///
    /// # Errors
    /// [`Failure::ClientGone`] and [`Failure::Busy`].
    ///
    /// # Cancel safety
    /// That of `permit`, which is dropped at the deadline.
    pub(crate) async fn wait_for<T>(&self, permit: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            permit = permit => Ok(permit),
            () = self.client_gone.cancelled() => Err(Failure::ClientGone),
            () = sleep_until(self.deadline) => Err(Failure::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const LONGEST: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_at_the_deadline_or_when_the_client_has_gone() {
        let admission = AdmissionDeadline::new(CancellationToken::new(), LONGEST);
        let began = Instant::now();
        let ended = admission.wait_for(pending::<()>()).await;
        assert!(matches!(ended, Err(Failure::Busy)), "{ended:?}");
        assert_eq!(began.elapsed(), LONGEST);

        let gone = CancellationToken::new();
        let admission = AdmissionDeadline::new(gone.clone(), LONGEST);
        gone.cancel();
        let ended = admission.wait_for(pending::<()>()).await;
        assert!(matches!(ended, Err(Failure::ClientGone)), "{ended:?}");
        let ready = admission.wait_for(ready(1)).await;
        assert!(matches!(ready, Ok(1)), "{ready:?}");
    }
}
