//! HTTP requests: each is read within bounds and handed to a task that outlives its client.

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
use service::traces::TRACEPARENT;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, Span, error, info, info_span, warn};

use crate::event_filter::{self, Decision, SkipReason};
use crate::failure::{Failure, RetryAdvice};
use crate::memory_budget::{MemoryBudget, MemoryPermit};
use crate::pipeline::{Outcome, Pipeline};
use crate::reply::{self, EventName};
use crate::response::{refusal, response};
use crate::spans;

/// Photos of one request that are worked on at one time.
const PHOTOS_PER_REQUEST: usize = 4;

/// Senders have the whole event before they send it.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// Memory for reading a request, in multiples of its size: the body, its data, and the data
/// unwrapped.
const READING: u64 = 3;

/// Memory for an OSS event besides its text.
const NOTICE_BYTES: u64 = 1024;

/// Parsing a larger body takes long enough to hold up other requests.
const QUICK_BYTES: usize = 64 * 1024;

/// The state that all requests share. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct AppState {
    pub(crate) pipeline: Arc<Pipeline>,
    /// One slot per request in progress.
    pub(crate) slots: Arc<Semaphore>,
    /// Memory for requests, from their first byte to their response.
    pub(crate) bodies: MemoryBudget,
    /// The tasks that do the work.
    pub(crate) tasks: TaskTracker,
    /// Cancelled once no more work is to be taken.
    pub(crate) stop: CancellationToken,
}

/// `OPTIONS /`: the methods, and the handshake of CloudEvents web hooks.
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
pub(crate) async fn event(State(state): State<AppState>, request: Request) -> Response {
    let span = spans::request_span(request.headers());
    let response = state.take(request, &span).await.unwrap_or_else(|failure| {
        state.pipeline.metrics.failed(&failure);
        report("", &failure);
        refusal(&failure)
    });
    spans::answered(&span, response.status());
    response
}

impl AppState {
    async fn take(&self, request: Request, request_span: &Span) -> Result<Response, Failure> {
        if self.stop.is_cancelled() {
            return Err(Failure::Stopping);
        }
        let (head, body) = request.into_parts();
        let (body, mut memory) =
            read(body, self.pipeline.limits.max_event_bytes, &self.bodies).await?;
        let size_bytes = body.len() as u64;
        if !self.bodies.grow(&mut memory, READING * size_bytes) {
            return Err(Failure::Busy);
        }
        let (event, notices) = match parse_body(head.headers, body, request_span).await? {
            Parsed::Work(event, notices) => (event, notices),
            Parsed::Nothing(reason) => return Ok(self.nothing_to_do(reason)),
        };
        let kept_bytes = size_bytes + NOTICE_BYTES * notices.len() as u64;
        if !self.bodies.grow(&mut memory, kept_bytes) {
            return Err(Failure::Busy);
        }
        memory.shrink(kept_bytes);
        // Not before the body is read, so that slow senders hold no slots.
        let slot = self
            .slots
            .clone()
            .try_acquire_owned()
            .map_err(|_full| Failure::Busy)?;
        let span = info_span!("event", ce.id = event.id);
        let event = Arc::new(event);
        let state = self.clone();
        let client_gone = CancellationToken::new();
        // Dropped with this future when the client goes away.
        let _client = client_gone.clone().drop_guard();
        // A task of its own, because the work has effects and the client may go away at any
        // moment. Photos whose work has not begun by then are left to the next delivery.
        let work = async move {
            let _held = (slot, memory);
            let _gauge = state.pipeline.metrics.request_in_work();
            let outcomes = state.work(&event, notices, &client_gone).await;
            response(&event, outcomes)
        };
        let work = work.instrument(request_span.clone()).instrument(span);
        let task = self.tasks.spawn(work);
        task.await.map_err(|_panicked| Failure::Defect)
    }

    fn nothing_to_do(&self, reason: SkipReason) -> Response {
        self.pipeline.metrics.skipped(reason);
        StatusCode::ACCEPTED.into_response()
    }

    /// Works on all OSS events of one request; the outcomes have their order.
    async fn work(
        &self,
        event: &Arc<EventName>,
        notices: Vec<oss::event::Event>,
        client_gone: &CancellationToken,
    ) -> Vec<Result<Outcome, Failure>> {
        stream::iter(notices)
            .map(|notice| self.work_on(event.clone(), notice, client_gone.clone()))
            .buffered(PHOTOS_PER_REQUEST)
            .collect()
            .await
    }

    async fn work_on(
        &self,
        event: Arc<EventName>,
        notice: oss::event::Event,
        client_gone: CancellationToken,
    ) -> Result<Outcome, Failure> {
        let pipeline = &self.pipeline;
        let address = notice.address().ok();
        let span = spans::photo_span(address);
        let key = address
            .map(|address| address.key.to_string())
            .unwrap_or_default();
        let outcome = match event_filter::decide(&notice, &pipeline.storage, &pipeline.limits) {
            Ok(Decision::Take(job)) => {
                let work = pipeline.process(event, *job, client_gone);
                work.instrument(span.clone()).await
            }
            Ok(Decision::Skip(reason)) => Ok(Outcome::Skipped(reason)),
            Err(failure) => Err(failure),
        };
        match &outcome {
            Ok(Outcome::Done(done)) => pipeline.metrics.done(done.known),
            Ok(Outcome::Skipped(reason)) => {
                pipeline.metrics.skipped(*reason);
                let reason = reason.word();
                info!(oss.key = %key, reason, "skipped `{key}`: {reason}");
            }
            Err(failure) => {
                spans::failed(&span, failure);
                pipeline.metrics.failed(failure);
                report(&key, failure);
            }
        }
        outcome
    }
}

/// The content of a request.
enum Parsed {
    Work(EventName, Vec<oss::event::Event>),
    Nothing(SkipReason),
}

/// Parses a request, on a thread of its own if that may take a while.
async fn parse_body(headers: HeaderMap, body: Bytes, span: &Span) -> Result<Parsed, Failure> {
    if body.len() <= QUICK_BYTES {
        return parse(&headers, body, span);
    }
    let span = span.clone();
    let reading = tokio::task::spawn_blocking(move || parse(&headers, body, &span));
    reading.await.map_err(|_panicked| Failure::Defect)?
}

fn parse(headers: &HeaderMap, body: Bytes, span: &Span) -> Result<Parsed, Failure> {
    let event = events::from_http(headers, body)?;
    spans::continue_from_event(span, headers.contains_key(TRACEPARENT), &event);
    if event.ty() == reply::TYPE {
        return Ok(Parsed::Nothing(SkipReason::OwnReply));
    }
    let data = events::data_bytes(&event).unwrap_or_default();
    let notices = oss::event::parse(&data).map_err(Failure::Document)?;
    Ok(if notices.is_empty() {
        Parsed::Nothing(SkipReason::NoEvents)
    } else {
        Parsed::Work(EventName::of(&event), notices)
    })
}

/// Reads a body within bounds of size, time and memory.
async fn read(
    body: Body,
    limit_bytes: usize,
    memory: &MemoryBudget,
) -> Result<(Bytes, MemoryPermit), Failure> {
    let collecting = collect(Limited::new(body, limit_bytes), memory);
    match timeout(BODY_DEADLINE, collecting).await {
        Ok(Err(BodyError::Full)) => Err(Failure::Busy),
        Ok(Err(BodyError::Body(error))) if error.is::<LengthLimitError>() => {
            Err(Failure::EventTooLarge { limit_bytes })
        }
        Ok(Err(BodyError::Body(error))) if is_malformed(&*error) => {
            Err(Failure::EventMalformed(error))
        }
        Ok(Err(BodyError::Body(_))) | Err(_) => Err(Failure::EventCutOff),
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

/// Why a body was not read.
enum BodyError {
    Full,
    Body(transport::BoxError),
}

/// Takes memory for bytes that have arrived, not for an announced length: announcing is free.
async fn collect(
    mut body: Limited<Body>,
    memory: &MemoryBudget,
) -> Result<(Bytes, MemoryPermit), BodyError> {
    let mut whole = BytesMut::new();
    let mut permit = MemoryPermit::default();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(BodyError::Body)?.into_data() else {
            continue; // Trailers mean nothing here.
        };
        let bytes = whole.len().saturating_add(data.len());
        if !memory.grow(&mut permit, bytes as u64) {
            return Err(BodyError::Full);
        }
        whole.extend_from_slice(&data);
    }
    Ok((whole.freeze(), permit))
}

/// Logs a failure. Only a mistake in the settings needs a person at once, so only that is an
/// error.
fn report(key: &str, failure: &Failure) {
    let (reason, line) = (failure.reason(), service::error_line(failure));
    match failure.retry_advice() {
        RetryAdvice::Misconfigured => {
            error!(oss.key = %key, reason, "cannot work as configured: {line}");
        }
        RetryAdvice::Retry(_) => warn!(oss.key = %key, reason, "will be retried: {line}"),
        RetryAdvice::GiveUp(_) => warn!(oss.key = %key, reason, "will not be retried: {line}"),
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
        let failure = read(Body::from_stream(drops), 1024, &MemoryBudget::new(1 << 20)).await;
        assert!(matches!(failure, Err(Failure::EventCutOff)), "{failure:?}");
        assert_eq!(began.elapsed().as_secs(), BODY_DEADLINE.as_secs());
    }

    #[tokio::test]
    async fn bodies_share_their_memory() {
        let memory = MemoryBudget::new(16 << 10);
        let body = |bytes| read(Body::from(vec![b' '; bytes]), 1 << 20, &memory);
        let first = body(9 << 10).await.unwrap();
        assert_eq!(first.0.len(), 9 << 10);
        let second = body(9 << 10).await;
        assert!(matches!(second, Err(Failure::Busy)), "{second:?}");
        drop(first);
        assert!(body(9 << 10).await.is_ok(), "it is free again");
    }
}
