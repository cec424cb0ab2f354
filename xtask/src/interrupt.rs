//! Ctrl-C and SIGTERM, so that what was started can be stopped.

use std::future::pending;

use tokio::signal::unix::{SignalKind, signal};

/// Returns when the user or the system asks this process to end.
pub(crate) async fn requested() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => pending().await,
        }
    };
    tokio::select! {
        // Either way the stage is stopped by the caller; nothing is lost by
        // dropping the other wait.
        pressed = tokio::signal::ctrl_c() => drop(pressed),
        () = terminated => {}
    }
}
