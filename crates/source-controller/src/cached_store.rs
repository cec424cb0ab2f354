//! A reflector store that knows whether it has been filled.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, Lookup, Store};
use kube::runtime::watcher;

/// The objects that a watch has brought, and whether it has listed all of them once. While the
/// watch is broken, the store keeps its last objects.
pub(crate) struct CachedStore<K>
where
    K: Lookup<DynamicType = ()> + Clone + 'static,
{
    store: Store<K>,
    is_synced: AtomicBool,
}

impl<K> CachedStore<K>
where
    K: Lookup<DynamicType = ()> + Clone + Debug + 'static,
    K::DynamicType: Hash + Eq + Clone + Default,
{
    /// An empty store, and its writer for the watch.
    pub(crate) fn new() -> (Self, Writer<K>) {
        let (store, writer) = reflector::store();
        let is_synced = AtomicBool::new(false);
        (Self { store, is_synced }, writer)
    }

    /// Must be called with each event of the watch, after it has been written to the store.
    pub(crate) fn on_event(&self, event: &watcher::Result<watcher::Event<K>>) {
        if matches!(event, Ok(watcher::Event::InitDone)) {
            self.is_synced.store(true, Ordering::Release);
        }
    }

    /// All objects; `None` until the watch has listed them once.
    pub(crate) fn all(&self) -> Option<Vec<Arc<K>>> {
        let is_synced = self.is_synced.load(Ordering::Acquire);
        is_synced.then(|| self.store.state())
    }
}
