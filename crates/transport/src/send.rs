//! Sending: one attempt with its deadline, and the loop around it.
//!
//! The order is retry outside, request making (with its signature) inside, deadline innermost.
//! There is no deadline around the whole: attempts, their deadline and the largest pause bound
//! it already, and cutting a repetition midway would hide what happened to it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use tokio::time::{sleep, timeout};
use tracing::{Instrument as _, Span};
use url::Position;

use crate::attempts::{Attempts, Failure};
use crate::body;
use crate::call::Call;
use crate::error::{BoxError, TransportError};
use crate::http_client::{ConnectOptions, HttpClientError, http_client};
use crate::observer::{Observation, Observer};
use crate::reach::Reach;
use crate::retry::RetryPolicy;
use crate::retry_class::{RetryClass, classify_status, retry_after};
use crate::span::{self, attempt_span};

/// Sends requests and repeats them where their [`Call`] allows it. Cheap to clone; clones share
/// the connection pool.
///
/// The `reqwest` client must not follow redirects: a signed request is for one host only.
#[derive(Clone, Debug)]
pub struct Transport {
    client: reqwest::Client,
    retry: RetryPolicy,
    reach: Reach,
    observer: Option<Arc<dyn Observer>>,
}

impl Transport {
    /// Connects as `options` say, with the default [`RetryPolicy`]. Nothing is sent yet.
    ///
    /// # Errors
    /// Permanent: CA certificates that cannot be read.
    pub fn connect(options: &ConnectOptions) -> Result<Self, HttpClientError> {
        let transport = Self::new(http_client(options)?);
        Ok(transport.within(options.reach.clone()))
    }

    /// Sends through `client` with the default [`RetryPolicy`], to any address.
    #[must_use]
    pub fn new(client: reqwest::Client) -> Self {
        Self {
            client,
            retry: RetryPolicy::default(),
            reach: Reach::anywhere(),
            observer: None,
        }
    }

    /// Sends nothing to addresses outside of `reach`. The `client` must resolve names within
    /// it: here are judged only URLs that hold an address.
    #[must_use]
    pub fn within(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Replaces the retry policy.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// Tells `observer` of every request.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        let observer = Some(observer);
        Self { observer, ..self }
    }

    /// Makes the call and reads the whole response, whatever its status.
    ///
    /// `make` runs once for every attempt and must date and sign its request anew. When the
    /// attempts are spent, the last response or error is returned.
    ///
    /// # Errors
    /// See [`TransportError::disposition`]; retryable ones have been retried as far as the
    /// call's [`Replay`](crate::Replay) and the policy allow.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the attempt under way; the service may still act on it.
    pub async fn send<E: Into<BoxError>>(
        &self,
        call: &Call,
        make: impl Fn() -> Result<http::Request<Bytes>, E> + Send + Sync,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let mut attempts = Attempts::new(self.retry, call.replay);
        loop {
            let request = prepare(make())?;
            let span = attempt_span(&request, attempts.made());
            let outcome = self.attempt(call, request, &span).await;
            let failure = failure(&outcome, |response| {
                ((call.classify)(response), response.headers())
            });
            let Some(pause) = attempts.pause(failure) else {
                return outcome;
            };
            drop(outcome);
            sleep(pause).await;
        }
    }

    /// Makes the call and returns as soon as the head of the response is there; the deadline
    /// covers that much. Reading the body, within bounds and in time, is the caller's.
    ///
    /// # Errors
    /// As for [`Transport::send`].
    ///
    /// # Cancel safety
    /// As for [`Transport::send`].
    pub async fn open<E: Into<BoxError>>(
        &self,
        call: &Call,
        make: impl Fn() -> Result<http::Request<Bytes>, E> + Send + Sync,
    ) -> Result<reqwest::Response, TransportError> {
        let mut attempts = Attempts::new(self.retry, call.replay);
        loop {
            let request = prepare(make())?;
            let span = attempt_span(&request, attempts.made());
            let outcome = self.opened(call.attempt_deadline, request, &span).await;
            let failure = failure(&outcome, |response| {
                (classify_status(response.status()), response.headers())
            });
            let Some(pause) = attempts.pause(failure) else {
                return outcome;
            };
            // Gives the connection up before the pause.
            drop(outcome);
            sleep(pause).await;
        }
    }

    async fn opened(
        &self,
        deadline: Duration,
        request: reqwest::Request,
        span: &Span,
    ) -> Result<reqwest::Response, TransportError> {
        let host = host_of(&request);
        let observation = self.observe(&request);
        let head = self.execute(request, &host, span);
        let outcome = within(deadline, &host, span, head).await;
        if let Some(observation) = observation {
            observation.end(&host, outcome.as_ref().map(reqwest::Response::status));
        }
        outcome
    }

    async fn attempt(
        &self,
        call: &Call,
        request: reqwest::Request,
        span: &Span,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let host = host_of(&request);
        let observation = self.observe(&request);
        let whole = async {
            let response = self.execute(request, &host, span).await?;
            let mut head = http::Response::new(());
            *head.status_mut() = response.status();
            *head.version_mut() = response.version();
            *head.headers_mut() = response.headers().clone();
            let body = body::read(response, call.body_limit_bytes, &host).await?;
            Ok(head.map(|()| body))
        };
        let outcome = within(call.attempt_deadline, &host, span, whole).await;
        if let Some(observation) = observation {
            observation.end(&host, outcome.as_ref().map(http::Response::status));
        }
        outcome
    }

    fn observe(&self, request: &reqwest::Request) -> Option<Observation> {
        let observer = self.observer.as_ref()?;
        Some(Observation::begin(
            observer,
            request.method(),
            request.url(),
        ))
    }

    async fn execute(
        &self,
        request: reqwest::Request,
        host: &str,
        span: &Span,
    ) -> Result<reqwest::Response, TransportError> {
        if !self.reach.admits_url(request.url()) {
            return Err(TransportError::OutOfReach {
                host: host.to_owned(),
            });
        }
        let response = self.client.execute(request).await;
        let response = response.map_err(|source| TransportError::from_reqwest(host, source))?;
        span::responded(span, response.status());
        Ok(response)
    }
}

/// The failure of an attempt, if it failed in a way that may pass.
fn failure<T>(
    outcome: &Result<T, TransportError>,
    classify: impl Fn(&T) -> (RetryClass, &HeaderMap),
) -> Option<Failure> {
    match outcome {
        Ok(response) => {
            let (class, headers) = classify(response);
            Failure::of_response(class, retry_after(headers, Timestamp::now()))
        }
        Err(error) => Failure::of_error(error),
    }
}

/// Does `work` in its span and in time.
pub(crate) async fn within<T>(
    deadline: Duration,
    host: &str,
    span: &Span,
    work: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let outcome = timeout(deadline, work.instrument(span.clone())).await;
    let outcome = outcome.unwrap_or_else(|_elapsed| {
        Err(TransportError::TimedOut {
            host: host.to_owned(),
            after: deadline,
        })
    });
    if let Err(error) = &outcome {
        span::failed(span, error.kind());
    }
    outcome
}

/// Converts the request for the HTTP library, and refuses one whose target the conversion
/// changes: the library's URL parser collapses `..` segments, which would break the signature.
fn prepare<E: Into<BoxError>>(
    made: Result<http::Request<Bytes>, E>,
) -> Result<reqwest::Request, TransportError> {
    let request = made.map_err(|source| TransportError::Unsendable {
        source: source.into(),
    })?;
    let target = request.uri().path_and_query().cloned();
    let request =
        reqwest::Request::try_from(request).map_err(|source| TransportError::Unsendable {
            source: source.without_url().into(),
        })?;
    let sent = &request.url()[Position::BeforePath..Position::AfterQuery];
    if target.is_some_and(|signed| signed.as_str() != sent) {
        return Err(TransportError::Unsendable {
            source: "its path or query is not in normal form".into(),
        });
    }
    Ok(request)
}

fn host_of(request: &reqwest::Request) -> String {
    request.url().host_str().unwrap_or_default().to_owned()
}
