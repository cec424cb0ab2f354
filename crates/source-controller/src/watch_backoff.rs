//! The backoff of a watch that failed.

use std::time::Duration;

use kube::runtime::utils::Backoff;
use kube::runtime::watcher::DefaultBackoff;

/// Waits that grow until a watch has not failed for two minutes, as those of client-go do.
///
/// The default of kube-rs also begins anew whenever the watch yields an event. A watch yields
/// `Init` before its first call, so one that is always refused would be opened again every second.
#[derive(Default)]
pub(crate) struct WatchBackoff(DefaultBackoff);

impl Iterator for WatchBackoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next()
    }
}

impl Backoff for WatchBackoff {
    /// Does nothing: two minutes without a failure begin the waits anew.
    fn reset(&mut self) {}
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::{StreamExt as _, stream};
    use kube::runtime::WatchStreamExt as _;
    use tokio::time::{Instant, sleep};

    use super::*;

    const INIT: Result<(), ()> = Ok(());
    const REFUSED: Result<(), ()> = Err(());

    #[tokio::test(start_paused = true)]
    async fn watch_that_is_always_refused_is_opened_ever_less_often() {
        let attempts = stream::iter([INIT, REFUSED]).cycle();
        let attempts = attempts.backoff(WatchBackoff::default());
        let hour = Duration::from_hours(1);

        let refused = attempts.filter(|event| std::future::ready(event.is_err()));
        let refused = refused.take_until(sleep(hour)).count().await;

        assert!((60..=130).contains(&refused), "{refused}");
    }

    #[tokio::test(start_paused = true)]
    async fn watch_that_worked_for_some_minutes_is_opened_again_at_once() {
        let attempts = stream::iter([INIT, REFUSED]).cycle().take(20);
        let opened_anew = stream::once(async {
            sleep(Duration::from_mins(3)).await;
            REFUSED
        });
        let events = attempts.chain(opened_anew).chain(stream::iter([INIT]));
        let mut events = pin!(events.backoff(WatchBackoff::default()).skip(20));

        assert_eq!(events.next().await, Some(REFUSED));
        let failed = Instant::now();
        assert_eq!(events.next().await, Some(INIT));
        assert!(failed.elapsed() < Duration::from_secs(2));
    }
}
