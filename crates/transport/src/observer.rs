//! A callback for every completed request, for metrics.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use url::Url;

use crate::error::TransportError;

/// Called for every completed attempt of a [`Transport`](crate::Transport), retries included; not for
/// futures that were dropped.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Runs in the hot path of every request: it must neither block nor wait.
    fn on_completed(&self, request: &CompletedRequest<'_>);
}

/// One attempt of a request, completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedRequest<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The host that it was for.
    pub host: &'a str,
    /// The port there.
    pub port: u16,
    /// The status of the response, or what there was in place of one, by a word of a closed set.
    pub outcome: Result<StatusCode, &'static str>,
    /// From its start to its end: that of the body where [`Transport`](crate::Transport) reads it,
    /// else that of the head.
    pub elapsed: Duration,
}

/// A request under way.
pub(crate) struct Observation {
    observer: Arc<dyn Observer>,
    method: Method,
    port: u16,
    started: Instant,
}

impl Observation {
    pub(crate) fn begin(observer: &Arc<dyn Observer>, method: &Method, url: &Url) -> Self {
        Self {
            observer: Arc::clone(observer),
            method: method.clone(),
            port: url.port_or_known_default().unwrap_or_default(),
            started: Instant::now(),
        }
    }

    pub(crate) fn end(&self, host: &str, outcome: Result<StatusCode, &TransportError>) {
        self.observer.on_completed(&CompletedRequest {
            method: &self.method,
            host,
            port: self.port,
            outcome: outcome.map_err(TransportError::kind),
            elapsed: self.started.elapsed(),
        });
    }
}
