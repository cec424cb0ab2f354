//! What all the endings of one request amount to.
//!
//! One that must come again makes the whole request come again; what is done by then is found
//! done, at the price of two HEAD requests. One that never will succeed does not: as soon as
//! any photo of the request has its result, the answer is a reply that lists results and
//! failures, so that subscribers see the results and nothing runs again. Only when there is
//! nothing but failures, and events that were skipped, is the request refused, and Knative
//! dead-letters it.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use events::{AttributesReader as _, Event};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use crate::failure::{Course, Failure};
use crate::pipeline::{Done, Ending};
use crate::reply::{PhotoFailure, reply};

/// For whom nothing better is known. Knative adds its own backoff.
const WAIT_SECONDS: u64 = 1;

/// What an answer says about the event that it answers.
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) source: String,
}

impl Asked {
    pub(crate) fn of(event: &Event) -> Self {
        Self {
            id: event.id().to_owned(),
            source: event.source().clone(),
        }
    }
}

/// The answer to a request whose OSS events ended so, in their order.
pub(crate) fn answer(asked: &Asked, endings: Vec<Result<Ending, Failure>>) -> Response {
    let mut done = Vec::new();
    let mut failures = Vec::new();
    for (index, ending) in endings.into_iter().enumerate() {
        match ending {
            Ok(Ending::Done(one)) => done.push(*one),
            Ok(Ending::Skipped(_)) => {}
            Err(failure) => failures.push((index, failure)),
        }
    }
    let again = failures
        .iter()
        .position(|(_, failure)| comes_again(failure));
    match again {
        Some(worst) => refusal(&failures[worst].1),
        None if done.is_empty() => failures.first().map_or_else(
            || StatusCode::ACCEPTED.into_response(),
            |(_, failure)| refusal(failure),
        ),
        None => success(asked, &done, &failures),
    }
}

fn comes_again(failure: &Failure) -> bool {
    !matches!(failure.course(), Course::GiveUp(_))
}

fn success(asked: &Asked, done: &[Done], failures: &[(usize, Failure)]) -> Response {
    let failures = failures.iter().map(|(index, failure)| PhotoFailure {
        index: *index,
        reason: failure.reason(),
        message: service::error_line(failure),
    });
    match reply(asked, done, failures.collect()) {
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
    if let Course::Again(wait) = failure.course() {
        let seconds = wait.map_or(WAIT_SECONDS, |wait| wait.as_secs().max(WAIT_SECONDS));
        headers.insert(RETRY_AFTER, seconds.into());
    }
    response
}
