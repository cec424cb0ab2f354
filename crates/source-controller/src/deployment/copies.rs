//! Copies of the adapters' Deployments that one watch keeps.
//!
//! They are kept as JSON: a Deployment with its many optional fields takes several times the memory
//! of its text, and is looked at only when its source is reconciled.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;
use kube::runtime::watcher::Event;

/// Namespace and name.
type Key = (String, String);

/// Copies of Deployments.
#[derive(Default)]
pub(super) struct Copies(Mutex<State>);

#[derive(Default)]
struct State {
    texts: HashMap<Key, Box<[u8]>>,
    /// Whether the watch is in working order, so that the copies are current.
    is_live: bool,
}

impl Copies {
    /// Takes an event of the watch into account.
    pub(super) fn on_event<E>(&self, event: &Result<Event<Deployment>, E>) {
        let mut state = self.lock();
        match event {
            Ok(Event::InitApply(deployment)) => state.keep(deployment),
            Ok(Event::Apply(deployment)) => {
                state.keep(deployment);
                state.is_live = true;
            }
            Ok(Event::Delete(deployment)) => {
                state.texts.remove(&key(deployment));
                state.is_live = true;
            }
            Ok(Event::InitDone) => state.is_live = true,
            Ok(Event::Init) => *state = State::default(),
            Err(_) => state.is_live = false,
        }
    }

    /// Whether the copies are current.
    pub(super) fn are_live(&self) -> bool {
        self.lock().is_live
    }

    /// The copy of a Deployment.
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Deployment> {
        let key = (namespace.to_owned(), name.to_owned());
        let state = self.lock();
        serde_json::from_slice(state.texts.get(&key)?).ok()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, deployment: &Deployment) {
        // Types of the Kubernetes API can always be written.
        let text = serde_json::to_vec(deployment).unwrap_or_default();
        self.texts.insert(key(deployment), text.into());
    }
}

fn key(deployment: &Deployment) -> Key {
    let namespace = deployment.namespace().unwrap_or_default();
    (namespace, deployment.name_any())
}
