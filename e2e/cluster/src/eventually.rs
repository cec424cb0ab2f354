//! Waiting for a state of the cluster, and saying what was seen instead.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

const POLL: Duration = Duration::from_millis(500);

/// What a look at the cluster found.
pub(crate) enum Seen<T> {
    /// What was waited for.
    Reached(T),
    /// Something else, in words.
    NotYet(String),
}

/// Looks until the state is reached.
///
/// # Errors
/// After `patience`, with what was seen last. A look that fails is one that has not seen it:
/// connections break while a cluster changes.
pub(crate) async fn eventually<T, F>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Seen<T>>>,
{
    let deadline = Instant::now() + patience;
    loop {
        let seen = match look().await {
            Ok(Seen::Reached(value)) => return Ok(value),
            Ok(Seen::NotYet(seen)) => seen,
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() >= deadline {
            bail!(
                "{what}: not within {} s; last seen: {seen}",
                patience.as_secs()
            );
        }
        sleep(POLL).await;
    }
}
