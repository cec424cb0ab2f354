//! Copies that a watch keeps.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, Lookup, Store};
use kube::runtime::watcher;

/// Copies that a watch keeps, and whether it has listed all of them once. While it is broken, they
/// are as they were.
pub(crate) struct Copies<K>
where
    K: Lookup<DynamicType = ()> + Clone + 'static,
{
    store: Store<K>,
    is_listed: AtomicBool,
}

impl<K> Copies<K>
where
    K: Lookup<DynamicType = ()> + Clone + Debug + 'static,
    K::DynamicType: Hash + Eq + Clone + Default,
{
    /// None yet, and where the watch writes them.
    pub(crate) fn new() -> (Self, Writer<K>) {
        let (store, writer) = reflector::store();
        let is_listed = AtomicBool::new(false);
        (Self { store, is_listed }, writer)
    }

    /// Takes an event of the watch into account, once the copies show it.
    pub(crate) fn on_event(&self, event: &watcher::Result<watcher::Event<K>>) {
        if matches!(event, Ok(watcher::Event::InitDone)) {
            self.is_listed.store(true, Ordering::Release);
        }
    }

    /// All of them; `None` until the watch has listed them once.
    pub(crate) fn all(&self) -> Option<Vec<Arc<K>>> {
        let is_listed = self.is_listed.load(Ordering::Acquire);
        is_listed.then(|| self.store.state())
    }
}
