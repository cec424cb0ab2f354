//! Requests: what comes in is read within bounds, worked on by a task that outlives its
//! client, and answered.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
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

use crate::answer::{Asked, answer, refusal};
use crate::budget::{Budget, Grant};
use crate::failure::{Course, Failure};
use crate::guard::{self, SkipReason, Verdict};
use crate::pipeline::{Ending, Pipeline};
use crate::reply;

/// Photos of one request that are worked on at one time.
const PHOTOS_PER_REQUEST: usize = 4;

/// Senders have the whole event before they begin.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// What the reading of a request takes, in its size: the body, its data, and the data unwrapped.
const READING: u64 = 3;

/// What an OSS event takes besides its text.
const NOTICE_BYTES: u64 = 1024;

/// A body up to this size is read in a moment; a larger one would hold up other requests.
const QUICK_BYTES: usize = 64 * 1024;

/// What requests share. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) pipeline: Arc<Pipeline>,
    /// One slot per request in work.
    pub(crate) slots: Arc<Semaphore>,
    /// Memory for requests, from their first byte to their answer.
    pub(crate) bodies: Budget,
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
        let (head, body) = request.into_parts();
        let (body, mut memory) = read(body, self.pipeline.limits.event_bytes, &self.bodies).await?;
        let size_bytes = body.len() as u64;
        if !self.bodies.grow(&mut memory, READING * size_bytes) {
            return Err(Failure::Busy);
        }
        let (asked, notices) = match understood(head.headers, body).await? {
            Understood::Work(asked, notices) => (asked, notices),
            Understood::Nothing(reason) => return Ok(self.nothing_to_do(reason)),
        };
        let kept_bytes = size_bytes + NOTICE_BYTES * notices.len() as u64;
        if !self.bodies.grow(&mut memory, kept_bytes) {
            return Err(Failure::Busy);
        }
        memory.shrink(kept_bytes);
        // Only now, so that who sends slowly keeps nobody from working.
        let slot = self
            .slots
            .clone()
            .try_acquire_owned()
            .map_err(|_full| Failure::Busy)?;
        let span = info_span!("event", ce.id = asked.id);
        let desk = self.clone();
        let left = CancellationToken::new();
        // Dropped with the request when its sender leaves.
        let _sender = left.clone().drop_guard();
        // The work has effects, so it belongs to a task of ours and not to the client, who may
        // leave at any moment. Only what has not begun by then is left to its next delivery.
        let work = async move {
            let _held = (slot, memory);
            let _gauge = desk.pipeline.metrics.request_in_work();
            let endings = desk.work(notices, &left).await;
            answer(&asked, endings)
        };
        let task = self.tasks.spawn(work.instrument(span));
        task.await.map_err(|_panicked| Failure::Defect)
    }

    fn nothing_to_do(&self, reason: SkipReason) -> Response {
        self.pipeline.metrics.skipped(reason);
        StatusCode::ACCEPTED.into_response()
    }

    /// Works on all OSS events of one request; the endings have their order.
    async fn work(
        &self,
        notices: Vec<oss::event::Event>,
        left: &CancellationToken,
    ) -> Vec<Result<Ending, Failure>> {
        stream::iter(notices)
            .map(|notice| self.work_on(notice, left.clone()))
            .buffered(PHOTOS_PER_REQUEST)
            .collect()
            .await
    }

    async fn work_on(
        &self,
        notice: oss::event::Event,
        left: CancellationToken,
    ) -> Result<Ending, Failure> {
        let pipeline = &self.pipeline;
        let key = notice
            .address()
            .map(|address| address.key.to_string())
            .unwrap_or_default();
        let ending = match guard::judge(&notice, &pipeline.storage, &pipeline.limits) {
            Ok(Verdict::Take(job)) => pipeline.process(*job, left).await,
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

/// What a request asks for.
enum Understood {
    Work(Asked, Vec<oss::event::Event>),
    Nothing(SkipReason),
}

/// Reads what a request says, on a thread of its own if that may take a while.
async fn understood(headers: HeaderMap, body: Bytes) -> Result<Understood, Failure> {
    if body.len() <= QUICK_BYTES {
        return understand(&headers, body);
    }
    let reading = tokio::task::spawn_blocking(move || understand(&headers, body));
    reading.await.map_err(|_panicked| Failure::Defect)?
}

fn understand(headers: &HeaderMap, body: Bytes) -> Result<Understood, Failure> {
    let event = events::from_http(headers, body)?;
    if event.ty() == reply::TYPE {
        return Ok(Understood::Nothing(SkipReason::OwnReply));
    }
    let data = events::data_bytes(&event).unwrap_or_default();
    let notices = oss::event::parse(&data).map_err(Failure::Document)?;
    Ok(if notices.is_empty() {
        Understood::Nothing(SkipReason::NoEvents)
    } else {
        Understood::Work(Asked::of(&event), notices)
    })
}

/// Reads a body within bounds of size, time and memory.
async fn read(body: Body, limit_bytes: usize, memory: &Budget) -> Result<(Bytes, Grant), Failure> {
    let collecting = collect(Limited::new(body, limit_bytes), memory);
    match timeout(BODY_DEADLINE, collecting).await {
        Ok(Err(Trouble::Full)) => Err(Failure::Busy),
        Ok(Err(Trouble::Body(error))) if error.is::<LengthLimitError>() => {
            Err(Failure::EventTooLarge { limit_bytes })
        }
        Ok(Err(Trouble::Body(error))) if is_malformed(&*error) => {
            Err(Failure::EventMalformed(error))
        }
        Ok(Err(Trouble::Body(_))) | Err(_) => Err(Failure::EventCutOff),
        Ok(Ok(read)) => Ok(read),
    }
}

/// Whether the sender broke the rules of HTTP, by a bad chunk for one, and did not just leave.
fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    let mut link = Some(error);
    while let Some(error) = link {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            let kind = error.kind();
            return matches!(kind, ErrorKind::InvalidInput | ErrorKind::InvalidData);
        }
        link = error.source();
    }
    false
}

/// What stops the reading of a body.
enum Trouble {
    Full,
    Body(transport::BoxError),
}

/// Takes memory for what has come, not for what was announced: announcing costs nothing.
async fn collect(mut body: Limited<Body>, memory: &Budget) -> Result<(Bytes, Grant), Trouble> {
    let mut whole = BytesMut::new();
    let mut grant = Grant::default();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Trouble::Body)?.into_data() else {
            continue; // Trailers mean nothing here.
        };
        let bytes = whole.len().saturating_add(data.len());
        if !memory.grow(&mut grant, bytes as u64) {
            return Err(Trouble::Full);
        }
        whole.extend_from_slice(&data);
    }
    Ok((whole.freeze(), grant))
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
        let failure = read(Body::from_stream(drops), 1024, &Budget::new(1 << 20)).await;
        assert!(matches!(failure, Err(Failure::EventCutOff)), "{failure:?}");
        assert_eq!(began.elapsed().as_secs(), BODY_DEADLINE.as_secs());
    }

    #[tokio::test]
    async fn bodies_share_their_memory() {
        let memory = Budget::new(16 << 10);
        let body = |bytes| read(Body::from(vec![b' '; bytes]), 1 << 20, &memory);
        let first = body(9 << 10).await.unwrap();
        assert_eq!(first.0.len(), 9 << 10);
        let second = body(9 << 10).await;
        assert!(matches!(second, Err(Failure::Busy)), "{second:?}");
        drop(first);
        assert!(body(9 << 10).await.is_ok(), "it is free again");
    }
}
