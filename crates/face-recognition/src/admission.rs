//! How long a photo waits for its turn.
//!
//! Under more events than can be done, waiting must cost nobody else anything. A photo whose
//! sender gave up comes again anyway, so it makes room; one that waited too long to be done in
//! its time makes room before it begins, because work that is cut off in the middle is work
//! taken from others. Work that has begun is not given up here.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// The time that one photo has for waiting.
#[derive(Debug)]
pub(crate) struct Patience {
    /// Cancelled when nobody waits for the answer any more.
    left: CancellationToken,
    until: Instant,
}

impl Patience {
    /// From now on, and no longer than until `left` is cancelled.
    pub(crate) fn new(left: CancellationToken, longest: Duration) -> Self {
        Self {
            left,
            until: Instant::now() + longest,
        }
    }

    /// Waits for `turn`. What is ready at once is taken, however late it is.
    ///
    /// # Errors
    /// [`Failure::Left`] and [`Failure::Busy`].
    ///
    /// # Cancel safety
    /// That of `turn`, which is dropped when the patience ends.
    pub(crate) async fn turn<T>(&self, turn: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            turn = turn => Ok(turn),
            () = self.left.cancelled() => Err(Failure::Left),
            () = sleep_until(self.until) => Err(Failure::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const LONGEST: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn patience_ends_with_its_time_or_with_its_sender() {
        let patience = Patience::new(CancellationToken::new(), LONGEST);
        let began = Instant::now();
        let ended = patience.turn(pending::<()>()).await;
        assert!(matches!(ended, Err(Failure::Busy)), "{ended:?}");
        assert_eq!(began.elapsed(), LONGEST);

        let left = CancellationToken::new();
        let patience = Patience::new(left.clone(), LONGEST);
        left.cancel();
        let ended = patience.turn(pending::<()>()).await;
        assert!(matches!(ended, Err(Failure::Left)), "{ended:?}");
        let ready = patience.turn(ready(1)).await;
        assert!(matches!(ready, Ok(1)), "{ready:?}");
    }
}
