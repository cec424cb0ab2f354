//! Sending one event once.
//!
//! One POST and one answer. The caller decides whether and when to try again, because it knows
//! the message's dequeue count.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use events::HttpMessage;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use service::traces::{self, TRACEPARENT};
use tokio::time::timeout;
use transport::{PostClient, PostResponse, TransportError};

use crate::concurrency::{Concurrency, RequestPermit};
use crate::config::SinkAddress;
use crate::status::{StatusClass, classify};
use crate::token::Token;

const NAMESPACE: HeaderName = HeaderName::from_static("kn-namespace");
/// Base64 makes 1024 characters of it, which is what Knative keeps of an answer.
const KEPT_BYTES: usize = 768;
/// A body up to this size is read to its end, so that the connection can be used again;
/// it is cheaper to close one that carries more.
const DRAINED_BYTES: usize = 64 * 1024;
/// The status says all that is needed, so the rest is not waited for long.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Somewhere to post events to.
#[derive(Clone)]
pub struct Sink {
    address: SinkAddress,
    authorization: Option<HeaderValue>,
    namespace: Option<HeaderValue>,
    token: Option<Token>,
    client: PostClient,
    timeout: Duration,
    concurrency: Concurrency,
}

/// The sink did not take the event.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// How long the sink asked us to wait, if it did.
    pub retry_after: Option<Duration>,
    /// The beginning of its answer's body.
    pub body: Bytes,
}

/// What happened instead of an acceptance.
#[derive(Clone, Debug)]
pub enum FailureKind {
    /// An answer with this status.
    Answered(StatusCode),
    /// An answer with this status that is about the token, not about the event.
    TokenRefused(StatusCode),
    /// No answer in time.
    TimedOut(String),
    /// No connection, or one that broke.
    Unanswered(String),
}

impl Sink {
    /// Posts to `address` by `client`, which is for its target, with `timeout` for the head of each
    /// answer, up to `max_requests` at one time.
    ///
    /// # Errors
    /// Permanent: the namespace cannot be a header.
    pub fn try_new(
        address: SinkAddress,
        client: PostClient,
        timeout: Duration,
        namespace: Option<&str>,
        max_requests: usize,
    ) -> Result<Self, http::Error> {
        Ok(Self {
            authorization: address.authorization(),
            address,
            namespace: namespace.map(HeaderValue::from_str).transpose()?,
            token: None,
            client,
            timeout,
            concurrency: Concurrency::new(max_requests),
        })
    }

    /// Shows this token with every event.
    #[must_use]
    pub fn with_token(self, token: Option<Token>) -> Self {
        Self { token, ..self }
    }

    /// Where it posts to.
    #[must_use]
    pub fn address(&self) -> &SinkAddress {
        &self.address
    }

    /// Waits until the sink may get one more request.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the line.
    pub(crate) async fn permit(&self) -> RequestPermit {
        self.concurrency.acquire().await
    }

    /// Posts the event once, whatever else is on its way.
    ///
    /// # Errors
    /// What happened, if the sink did not take the event.
    ///
    /// # Cancel safety
    /// Dropping the future leaves open whether the sink took the event.
    pub async fn send(&self, message: &HttpMessage) -> Result<(), Failure> {
        let mut headers = self.headers(message);
        let span = self.client.span();
        if let Some(traceparent) = traces::traceparent(&span) {
            headers.insert(TRACEPARENT, traceparent);
        }
        let body = message.body.clone();
        let response = self.client.post(self.timeout, headers, body, &span).await;
        let response = response.map_err(Failure::from)?;
        let status = response.status();
        let retry_after = is_overload(status)
            .then(|| transport::retry_after(response.headers(), Timestamp::now()))
            .flatten();
        let body = beginning(response).await;
        match classify(status) {
            StatusClass::Accepted => Ok(()),
            StatusClass::Retryable | StatusClass::Refused => Err(Failure {
                kind: self.answered(status),
                retry_after,
                body,
            }),
        }
    }

    /// A refusal of the token passes, with a new token or when an administrator admits the source. No
    /// event may become a dead letter for it.
    fn answered(&self, status: StatusCode) -> FailureKind {
        let is_about_token = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if is_about_token && self.token.is_some() {
            FailureKind::TokenRefused(status)
        } else {
            FailureKind::Answered(status)
        }
    }

    fn headers(&self, message: &HttpMessage) -> HeaderMap {
        let mut headers = message.headers.clone();
        if let Some(namespace) = &self.namespace {
            headers.insert(NAMESPACE, namespace.clone());
        }
        let authorization = self.token.as_ref().map(Token::header);
        if let Some(authorization) = authorization.or_else(|| self.authorization.clone()) {
            headers.insert(AUTHORIZATION, authorization);
        }
        headers
    }
}

/// Tells the address without what is secret in it.
impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("address", &self.address)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Failure {
    /// Whether the same event may be accepted later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.kind {
            FailureKind::Answered(status) => classify(*status) == StatusClass::Retryable,
            FailureKind::TokenRefused(_)
            | FailureKind::TimedOut(_)
            | FailureKind::Unanswered(_) => true,
        }
    }

    /// Whether the sink did not answer at all, and so would not answer the next event either.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        matches!(
            self.kind,
            FailureKind::TimedOut(_) | FailureKind::Unanswered(_)
        )
    }

    /// One word for traces: the status, or why there is none.
    pub(crate) fn error_type(&self) -> &str {
        match &self.kind {
            FailureKind::Answered(status) | FailureKind::TokenRefused(status) => status.as_str(),
            FailureKind::TimedOut(_) => "timeout",
            FailureKind::Unanswered(_) => "unanswered",
        }
    }

    /// The status; 500 without an answer, as Knative has it in `knativeerrorcode`.
    #[must_use]
    pub fn code(&self) -> StatusCode {
        match self.kind {
            FailureKind::Answered(status) | FailureKind::TokenRefused(status) => status,
            FailureKind::TimedOut(_) | FailureKind::Unanswered(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FailureKind::Answered(status) => write!(f, "answered with {status}"),
            FailureKind::TokenRefused(StatusCode::FORBIDDEN) => f.write_str(
                "answered with 403 Forbidden to a request with a token: an EventPolicy of the sink must name this \
                 source, or the ServiceAccount in its `status.auth`",
            ),
            FailureKind::TokenRefused(status) => write!(
                f,
                "answered with {status} to a request with a token: the token must be for the audience that the sink \
                 announces, and not have ended"
            ),
            FailureKind::TimedOut(line) | FailureKind::Unanswered(line) => f.write_str(line),
        }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        let line = service::error_line(&error);
        let kind = match error {
            TransportError::TimedOut { .. } => FailureKind::TimedOut(line),
            _ => FailureKind::Unanswered(line),
        };
        Self {
            kind,
            retry_after: None,
            body: Bytes::new(),
        }
    }
}

/// Whether an answer says that the sink has too much to do. Knative looks at `Retry-After` with
/// these two only.
pub(crate) fn is_overload(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

/// Reads the body to its end if it is short and quick, and keeps its beginning.
async fn beginning(mut response: PostResponse) -> Bytes {
    let mut kept = BytesMut::new();
    let read = async {
        let mut read_bytes = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = KEPT_BYTES - kept.len();
            kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
            read_bytes += chunk.len();
            if read_bytes > DRAINED_BYTES {
                break;
            }
        }
    };
    // What has arrived by then is kept.
    let _ = timeout(DRAIN_TIME, read).await;
    kept.freeze()
}
