//! The crate over real sockets and real files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod credentials;
mod roles;
mod serve;
mod shutdown;

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Waits for a state that must come; the deadline only ends a broken test.
async fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_true() {
        assert!(Instant::now() < deadline, "{what}: not within 30 s");
        sleep(Duration::from_millis(5)).await;
    }
}
