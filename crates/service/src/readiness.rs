//! Whether this process should get work, as a whole and by component.
//!
//! Each component of a binary (a listener, a queue, credentials) holds its own [`ReadinessCheck`]
//! and sets its state; the process is ready when all components are. Closing is a latch for
//! shutdown: once closed, nothing makes the process ready again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use parking_lot::Mutex;

/// The process's readiness. Cheap to clone; clones share the state.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_closed: bool,
    /// Why each component is not ready; `None` for those that are.
    components: BTreeMap<&'static str, Option<String>>,
}

impl Readiness {
    /// Ready from the start, until the first check is added.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the check of a component, not ready at first. Two components must not share a name.
    #[must_use]
    pub fn check(&self, name: &'static str) -> ReadinessCheck {
        let reason = Some("starting".to_owned());
        self.0.lock().components.insert(name, reason);
        ReadinessCheck {
            name,
            readiness: self.clone(),
        }
    }

    /// Takes the process out of service for good. The first step of every shutdown.
    pub fn close(&self) {
        self.0.lock().is_closed = true;
    }

    /// Whether work should come here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let state = self.0.lock();
        !state.is_closed && state.components.values().all(Option::is_none)
    }

    /// Why the process is not ready, one line per component; `ready` if it is.
    #[must_use]
    pub fn describe(&self) -> String {
        let state = self.0.lock();
        let mut text = String::new();
        if state.is_closed {
            text.push_str("shutting down\n");
        }
        let waiting = state
            .components
            .iter()
            .filter_map(|(name, reason)| Some((name, reason.as_ref()?)));
        for (name, reason) in waiting {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}: {reason}");
        }
        if text.is_empty() {
            "ready\n".to_owned()
        } else {
            text
        }
    }
}

/// The readiness of one component. Its last state remains when it is dropped.
#[derive(Debug)]
pub struct ReadinessCheck {
    name: &'static str,
    readiness: Readiness,
}

impl ReadinessCheck {
    /// The component can work.
    pub fn ready(&self) {
        self.set(None);
    }

    /// The component cannot work now. The reason is shown to the operator: no secrets.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    fn set(&self, reason: Option<String>) {
        self.readiness.0.lock().components.insert(self.name, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_components_must_be_ready() {
        let readiness = Readiness::new();
        assert!(readiness.is_ready(), "without checks");
        let (queue, sink) = (readiness.check("queue"), readiness.check("sink"));
        sink.ready();
        assert_eq!(readiness.describe(), "queue: starting\n");
        queue.ready();
        assert!(readiness.is_ready());
        queue.not_ready("no answer");
        assert!(!readiness.is_ready());
        assert_eq!(readiness.describe(), "queue: no answer\n");
        queue.ready();
        assert_eq!(readiness.describe(), "ready\n");
    }

    #[test]
    fn closing_is_final() {
        let readiness = Readiness::new();
        let check = readiness.check("queue");
        readiness.close();
        check.ready();
        assert!(!readiness.is_ready());
        assert_eq!(readiness.describe(), "shutting down\n");
    }
}
