//! The response to a request, from the outcomes of its OSS events.
//!
//! If any of them may succeed later, the whole request is refused with a status that brings it
//! back; photos that are done by then cost two HEAD requests each. Otherwise, as soon as one photo
//! has its result, the response is a reply that lists results and failures, so that subscribers
//! see the results and nothing runs again. If there are only failures and skipped events, the
//! request is refused for good, and Knative dead-letters it.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use crate::failure::{Failure, RetryAdvice};
use crate::pipeline::{Done, Outcome};
use crate::reply::{EventName, PhotoFailure, reply};

/// Where no service named a wait. Knative adds its own backoff.
const WAIT_SECONDS: u64 = 1;

/// The response to `event`, whose OSS events had these outcomes, in their order.
pub(crate) fn response(event: &EventName, outcomes: Vec<Result<Outcome, Failure>>) -> Response {
    let mut done = Vec::new();
    let mut failures = Vec::new();
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(Outcome::Done(one)) => done.push(*one),
            Ok(Outcome::Skipped(_)) => {}
            Err(failure) => failures.push((index, failure)),
        }
    }
    let retryable = failures
        .iter()
        .position(|(_, failure)| may_succeed_later(failure));
    match retryable {
        Some(index) => refusal(&failures[index].1),
        None if done.is_empty() => failures.first().map_or_else(
            || StatusCode::ACCEPTED.into_response(),
            |(_, failure)| refusal(failure),
        ),
        None => success(event, &done, &failures),
    }
}

fn may_succeed_later(failure: &Failure) -> bool {
    !matches!(failure.retry_advice(), RetryAdvice::GiveUp(_))
}

fn success(event: &EventName, done: &[Done], failures: &[(usize, Failure)]) -> Response {
    let failures = failures.iter().map(|(index, failure)| PhotoFailure {
        index: *index,
        reason: failure.reason(),
        message: service::error_line(failure),
    });
    match reply(event, done, failures.collect()) {
        Ok(message) => (StatusCode::OK, message.headers, message.body).into_response(),
        Err(failure) => refusal(&failure),
    }
}

/// A refusal: its status, and one line that says why.
pub(crate) fn refusal(failure: &Failure) -> Response {
    let line = format!("{}: {}\n", failure.reason(), service::error_line(failure));
    let mut response = Response::new(Body::from(line));
    *response.status_mut() = failure.status();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    if let RetryAdvice::Retry(wait) = failure.retry_advice() {
        let seconds = wait.map_or(WAIT_SECONDS, |wait| wait.as_secs().max(WAIT_SECONDS));
        headers.insert(RETRY_AFTER, seconds.into());
    }
    response
}
