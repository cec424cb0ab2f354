//! Turns SIGTERM and SIGINT into a cancellation token.
//!
//! Says only that the process should end; what ends in which order, and how long that
//! may take, is for the binary to decide.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Runs `app` and, at the first SIGTERM or SIGINT, cancels the token it was given.
///
/// The token's task lives as long as `app` does, so nothing is left behind.
///
/// # Errors
/// When the process may not install signal handlers.
pub async fn with_signals<F: Future>(
    app: impl FnOnce(CancellationToken) -> F,
) -> io::Result<F::Output> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let app = app(stop.clone());
    tokio::pin!(app);
    loop {
        // Every arm is safe to drop: receiving a signal has no side effect, and `app`
        // is polled by reference.
        tokio::select! {
            output = &mut app => return Ok(output),
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if !stop.is_cancelled() {
            info!("received SIGTERM or SIGINT, shutting down");
            stop.cancel();
        }
    }
}
