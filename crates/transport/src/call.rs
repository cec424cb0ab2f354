//! The settings of one call: deadline, size limit, and whether it may be repeated.
//!
//! The client that knows the operation sets them. There is no default deadline or
//! size, because a forgotten one is a hang or an exhausted memory later.

use std::time::Duration;

use bytes::Bytes;

use crate::retry_class::{RetryClass, classify_status};

/// After which failures a call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// A repetition does no harm, so anything temporary may be tried again.
    Safe,
    /// Only when the service certainly did nothing: no connection came about, or it throttled.
    Unprocessed,
    /// Never, whatever happened.
    Never,
}

/// How [`Transport`](crate::Transport) makes one call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub(crate) attempt_deadline: Duration,
    pub(crate) body_limit_bytes: usize,
    pub(crate) replay: Replay,
    pub(crate) classify: fn(&http::Response<Bytes>) -> RetryClass,
}

impl Call {
    /// A call whose every attempt, body included, ends within `attempt_deadline`, and whose
    /// response holds at most `body_limit_bytes`. It is not repeated until [`Call::replay`] says so.
    #[must_use]
    pub fn new(attempt_deadline: Duration, body_limit_bytes: usize) -> Self {
        Self {
            attempt_deadline,
            body_limit_bytes,
            replay: Replay::Never,
            classify: |response| classify_status(response.status()),
        }
    }

    /// Which failures may be repeated.
    #[must_use]
    pub fn replay(self, replay: Replay) -> Self {
        Self { replay, ..self }
    }

    /// Classifies whole responses instead of statuses, for services that throttle with a 400 or
    /// a 403 and say so in the body. [`Transport::open`](crate::Transport::open), which reads no
    /// body, classifies by status all the same.
    #[must_use]
    pub fn classify(self, classify: fn(&http::Response<Bytes>) -> RetryClass) -> Self {
        Self { classify, ..self }
    }
}
