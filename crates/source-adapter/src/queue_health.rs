//! Whether the queue can be reached, told to the operator once per change.
//!
//! A single failed receive is no news. From the second in a row the process is not
//! ready and the log has said why and what to do; it says again only when the reason
//! changes, and when all is well.

use mns::{Error, RefusalKind};
use parking_lot::Mutex;
use service::ReadinessCheck;
use tracing::{info, warn};

/// The queue's state of health.
#[derive(Debug)]
pub(crate) struct QueueHealth {
    part: ReadinessCheck,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_known_good: bool,
    failures: u32,
    told: Option<String>,
}

impl QueueHealth {
    pub(crate) fn new(part: ReadinessCheck) -> Self {
        Self {
            part,
            state: Mutex::default(),
        }
    }

    /// A receive was answered.
    pub(crate) fn succeeded(&self) {
        let mut state = self.state.lock();
        state.failures = 0;
        if state.told.take().is_some() {
            info!("the queue can be reached again");
        }
        if !std::mem::replace(&mut state.is_known_good, true) {
            self.part.ready();
        }
    }

    /// A receive failed.
    pub(crate) fn failed(&self, error: &Error) {
        let line = format!("{}: {}", service::error_line(error), advice(error));
        let mut state = self.state.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures > 1 || !state.is_known_good {
            state.is_known_good = false;
            self.part.not_ready(line.clone());
            if state.told.as_deref() != Some(reason(error)) {
                warn!("{line}");
                state.told = Some(reason(error).to_owned());
            }
        }
    }
}

/// What stays the same while the trouble does; texts hold request ids.
fn reason(error: &Error) -> &str {
    error
        .refusal()
        .and_then(mns::Refusal::code)
        .unwrap_or("no answer")
}

fn advice(error: &Error) -> &'static str {
    match error.refusal().map(mns::Refusal::kind) {
        Some(RefusalKind::Denied) => "check the access key and its rights on the queue",
        Some(RefusalKind::NotFound) => "create the queue or correct MNS_QUEUE",
        Some(RefusalKind::ClockSkew) => "set the clock of this machine",
        Some(RefusalKind::Throttled) => "receiving more slowly",
        None => "check MNS_ENDPOINT and the network",
        Some(_) => "trying again",
    }
}
