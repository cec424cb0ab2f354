//! Who is told of every request, for metrics.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use url::Url;

use crate::error::TransportError;

/// Is told of every request of a [`Transport`](crate::Transport) that has ended: each repetition, too,
/// but none that was dropped.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A request has ended. Runs in the hot path of every request: it must neither block nor wait.
    fn ended(&self, request: &Ended<'_>);
}

/// A request that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended<'a> {
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
    pub took: Duration,
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
        self.observer.ended(&Ended {
            method: &self.method,
            host,
            port: self.port,
            outcome: outcome.map_err(TransportError::kind),
            took: self.started.elapsed(),
        });
    }
}
