//! Every call of every emulated service passes here, before its signature is looked at:
//! it is captured and counted, the faults that strike it are decided, and they happen.
//!
//! The gate knows nothing of any protocol. What must look like the service, such as an
//! error document, the service hands in.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use hyper::body::{Body as HttpBody, Frame};
use jiff::Timestamp;

use crate::call::Call;
use crate::faults::DropPoint;
use crate::serve::ConnectionAborted;
use crate::shared::Shared;

/// A call that passed the gate.
#[derive(Debug, Clone, Copy)]
pub struct Admitted {
    /// The time to check the request's signature against: the clock's, or off by what a
    /// skew fault says. For nothing else.
    pub checked_at: Timestamp,
    /// Leave what is received visible (MNS).
    pub duplicate: bool,
}

impl Shared {
    /// Takes one call through the gate.
    ///
    /// `body` is what the service has read of the request so far, for the captures.
    /// `refusal` makes an error answer in the service's own form, and `answer` does the
    /// work. When a fault says so, `answer` never runs.
    pub async fn pass<F>(
        &self,
        call: Call,
        request: &Parts,
        body: Option<&Bytes>,
        refusal: impl FnOnce(StatusCode, &str) -> Response,
        answer: impl FnOnce(Admitted) -> F,
    ) -> Response
    where
        F: Future<Output = Response>,
    {
        self.captures.record(call, request, body);
        let injection = self.faults.inject(call);
        self.stats.arrived(call, injection.count);
        if !injection.latency.is_zero() {
            tokio::time::sleep(injection.latency).await;
        }
        if injection.drop_point == Some(DropPoint::BeforeHandling) {
            self.stats.dropped(call);
            return abort_connection();
        }
        let response = if let Some((status, code)) = &injection.error {
            refusal(*status, code)
        } else {
            let now = self.clock.now();
            let checked_at = now.checked_add(injection.skew).unwrap_or(now);
            answer(Admitted {
                checked_at,
                duplicate: injection.duplicate.is_some(),
            })
            .await
        };
        if let Some(fault) = injection.duplicate
            && response.status().is_success()
        {
            self.faults.duplicated(fault);
        }
        if injection.drop_point == Some(DropPoint::AfterHandling) {
            self.stats.dropped(call);
            return abort_connection();
        }
        self.stats.answered(call, response.status());
        match injection.drop_point {
            Some(_) => truncated(response),
            None => response,
        }
    }
}

/// An answer that is never sent: the connection loop closes the connection instead.
fn abort_connection() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(ConnectionAborted);
    response
}

/// Announces the whole body, sends half of it, then breaks the connection. An answer without
/// a body, or of unknown length, is not sent at all.
fn truncated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    let whole: u64 = announced.or(body.size_hint().exact()).unwrap_or(0);
    if whole == 0 {
        return abort_connection();
    }
    parts.headers.insert(header::CONTENT_LENGTH, whole.into());
    let half = TruncatedBody {
        body,
        left: whole / 2,
        flushed: false,
    };
    Response::from_parts(parts, Body::new(half))
}

/// A body that yields so much of its data, lets the connection write it out, and fails.
struct TruncatedBody {
    body: Body,
    left: u64,
    flushed: bool,
}

/// Why a truncated body ends: it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("cut short by a fault")]
struct CutShort;

impl HttpBody for TruncatedBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        if self.left > 0 {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            let data = frame.and_then(|frame| frame.ok()?.into_data().ok());
            // The body's own end is as good a place to fail.
            let Some(mut data) = data else {
                return Poll::Ready(Some(Err(CutShort)));
            };
            data.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= data.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if !self.flushed {
            // Hyper writes what it holds only when the body has nothing for it.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(CutShort)))
    }
}
