//! The adapters' Deployments that one watch has brought.
//!
//! They are cached as JSON: a Deployment with its many optional fields takes several times the memory
//! of its text, and is needed only when its source is reconciled.

use std::collections::HashMap;

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;
use kube::runtime::watcher::Event;
use parking_lot::Mutex;

/// Namespace and name.
type Key = (String, String);

/// A cache of Deployments.
#[derive(Default)]
pub(super) struct DeploymentCache(Mutex<State>);

#[derive(Default)]
struct State {
    documents: HashMap<Key, Box<[u8]>>,
    /// Whether the watch works, so that the cache is current.
    is_current: bool,
}

impl DeploymentCache {
    /// Applies an event of the watch.
    pub(super) fn on_event<E>(&self, event: &Result<Event<Deployment>, E>) {
        let mut state = self.0.lock();
        match event {
            Ok(Event::InitApply(deployment)) => state.insert(deployment),
            Ok(Event::Apply(deployment)) => {
                state.insert(deployment);
                state.is_current = true;
            }
            Ok(Event::Delete(deployment)) => {
                state.documents.remove(&key(deployment));
                state.is_current = true;
            }
            Ok(Event::InitDone) => state.is_current = true,
            Ok(Event::Init) => *state = State::default(),
            Err(_) => state.is_current = false,
        }
    }

    /// Whether the cache is current.
    pub(super) fn is_current(&self) -> bool {
        self.0.lock().is_current
    }

    /// The cached Deployment.
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Deployment> {
        let key = (namespace.to_owned(), name.to_owned());
        let state = self.0.lock();
        serde_json::from_slice(state.documents.get(&key)?).ok()
    }
}

impl State {
    fn insert(&mut self, deployment: &Deployment) {
        // Types of the Kubernetes API can always be written.
        let text = serde_json::to_vec(deployment).unwrap_or_default();
        self.documents.insert(key(deployment), text.into());
    }
}

fn key(deployment: &Deployment) -> Key {
    let namespace = deployment.namespace().unwrap_or_default();
    (namespace, deployment.name_any())
}
