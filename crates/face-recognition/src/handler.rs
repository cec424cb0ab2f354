//! Requests: what comes in is read within bounds, worked on by a task that outlives its
//! client, and answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use events::AttributesReader as _;
use futures_util::{StreamExt as _, stream};
use http::header::ALLOW;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, error, info, info_span, warn};

use crate::answer::{answer, refusal};
use crate::failure::{Course, Failure};
use crate::guard::{self, SkipReason, Verdict};
use crate::pipeline::{Ending, Pipeline};
use crate::reply;

/// Photos of one request that are worked on at one time.
const PHOTOS_PER_REQUEST: usize = 4;

/// Senders have the whole event before they begin.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// What requests share. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) pipeline: Arc<Pipeline>,
    /// One slot per request in work.
    pub(crate) slots: Arc<Semaphore>,
    /// The tasks that do the work.
    pub(crate) tasks: TaskTracker,
    /// Cancelled once no more work is to be taken.
    pub(crate) stop: CancellationToken,
}

/// `OPTIONS /`: what may be sent, and the handshake of CloudEvents web hooks.
pub(crate) async fn options(headers: HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    if let Some(origin) = headers.get("webhook-request-origin") {
        response
            .headers_mut()
            .insert("webhook-allowed-origin", origin.clone());
        response
            .headers_mut()
            .insert("webhook-allowed-rate", HeaderValue::from_static("*"));
    }
    response
}

/// `POST /`: one CloudEvent.
pub(crate) async fn event(State(desk): State<Desk>, request: Request) -> Response {
    desk.take(request).await.unwrap_or_else(|failure| {
        desk.pipeline.metrics.failed(&failure);
        report("", &failure);
        refusal(&failure)
    })
}

impl Desk {
    async fn take(&self, request: Request) -> Result<Response, Failure> {
        if self.stop.is_cancelled() {
            return Err(Failure::Stopping);
        }
        // Slot first, body second: what cannot be worked on is not read.
        let slot = self
            .slots
            .clone()
            .try_acquire_owned()
            .map_err(|_full| Failure::Busy)?;
        let (head, body) = request.into_parts();
        let body = read(body, self.pipeline.limits.event_bytes).await?;
        let event = events::from_http(&head.headers, body)?;
        if event.ty() == reply::TYPE {
            return Ok(self.nothing_to_do(SkipReason::OwnReply));
        }
        let data = events::data_bytes(&event).unwrap_or_default();
        let notices = oss::event::parse(&data).map_err(Failure::Document)?;
        if notices.is_empty() {
            return Ok(self.nothing_to_do(SkipReason::NoEvents));
        }
        drop(data);
        let span = info_span!("event", ce.id = event.id());
        let desk = self.clone();
        // The work has effects, so it belongs to a task of ours and not to the client, who may
        // leave at any moment.
        let work = async move {
            let _slot = slot;
            let _gauge = desk.pipeline.metrics.request_in_work();
            let endings = desk.work(notices).await;
            answer(&event, endings)
        };
        let task = self.tasks.spawn(work.instrument(span));
        task.await.map_err(|_panicked| Failure::Defect)
    }

    fn nothing_to_do(&self, reason: SkipReason) -> Response {
        self.pipeline.metrics.skipped(reason);
        StatusCode::ACCEPTED.into_response()
    }

    /// Works on all OSS events of one request; the endings have their order.
    async fn work(&self, notices: Vec<oss::event::Event>) -> Vec<Result<Ending, Failure>> {
        stream::iter(notices)
            .map(|notice| self.work_on(notice))
            .buffered(PHOTOS_PER_REQUEST)
            .collect()
            .await
    }

    async fn work_on(&self, notice: oss::event::Event) -> Result<Ending, Failure> {
        let pipeline = &self.pipeline;
        let key = notice
            .address()
            .map(|address| address.key.to_string())
            .unwrap_or_default();
        let ending = match guard::judge(&notice, &pipeline.storage, &pipeline.limits) {
            Ok(Verdict::Take(job)) => pipeline.process(*job).await,
            Ok(Verdict::Skip(reason)) => Ok(Ending::Skipped(reason)),
            Err(failure) => Err(failure),
        };
        match &ending {
            Ok(Ending::Done(done)) => pipeline.metrics.done(done.known),
            Ok(Ending::Skipped(reason)) => {
                pipeline.metrics.skipped(*reason);
                let reason = reason.word();
                info!(oss.key = %key, reason, "nothing to do about `{key}`: {reason}");
            }
            Err(failure) => {
                pipeline.metrics.failed(failure);
                report(&key, failure);
            }
        }
        ending
    }
}

/// Reads a body within bounds of size and time.
async fn read(body: Body, limit_bytes: usize) -> Result<Bytes, Failure> {
    match timeout(BODY_DEADLINE, Limited::new(body, limit_bytes).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Failure::EventTooLarge { limit_bytes })
        }
        Ok(Err(_)) | Err(_) => Err(Failure::EventCutOff),
    }
}

/// Says once, where it is handled, what went wrong. Only a mistake in the settings needs a
/// person at once.
fn report(key: &str, failure: &Failure) {
    let (reason, line) = (failure.reason(), service::error_line(failure));
    match failure.course() {
        Course::Misconfigured => {
            error!(oss.key = %key, reason, "cannot work as configured: {line}");
        }
        Course::Again(_) => warn!(oss.key = %key, reason, "put off: {line}"),
        Course::GiveUp(_) => warn!(oss.key = %key, reason, "given up: {line}"),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn body_that_trickles_is_given_up_in_time() {
        let began = Instant::now();
        let drops = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
        });
        let failure = read(Body::from_stream(drops), 1024).await.unwrap_err();
        assert!(matches!(failure, Failure::EventCutOff), "{failure:?}");
        assert_eq!(began.elapsed().as_secs(), BODY_DEADLINE.as_secs());
    }
}
