//! CPU work away from the async runtime, as much at a time as there are permits.
//!
//! The permits are shared with all work on pictures in the process, so that one number bounds the
//! whole. A caller that holds a permit must not start an analysis: it would wait for itself.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tracing::Span;

use crate::error::FaceError;

/// Runs `work` on a blocking thread once a permit is free; a panic in it becomes an error.
///
/// # Cancel safety
/// Dropping the future while it waits leaves no trace. Later the work runs to its end, keeping
/// its permit, and the result is lost.
pub(crate) async fn on_cpu<T: Send + 'static>(
    permits: &Arc<Semaphore>,
    service: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FaceError> {
    let stopping = |source| FaceError::Unavailable {
        service,
        wait: None,
        source,
    };
    let permit = Arc::clone(permits).acquire_owned().await;
    let permit = permit.map_err(|closed| stopping(closed.into()))?;
    let span = Span::current();
    let task = spawn_blocking(move || {
        let _permit = permit;
        span.in_scope(work)
    });
    task.await.map_err(|source| {
        if source.is_panic() {
            FaceError::Crashed { source }
        } else {
            stopping(source.into())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panic_in_the_work_is_an_error() {
        let permits = Arc::new(Semaphore::new(1));
        let crash = || -> u8 { panic!("a decoder met its limits") };
        let error = on_cpu(&permits, "local", crash).await.unwrap_err();
        assert_eq!(error.reason(), "crashed");
        assert!(!error.disposition().is_retryable());
        assert_eq!(
            on_cpu(&permits, "local", || 1).await.unwrap(),
            1,
            "the permit came back"
        );
    }

    #[tokio::test]
    async fn closed_permits_mean_unavailable() {
        let permits = Arc::new(Semaphore::new(1));
        permits.close();
        let error = on_cpu(&permits, "local", || ()).await.unwrap_err();
        assert!(error.disposition().is_retryable());
    }
}
