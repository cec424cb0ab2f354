//! Own writes that a watch has not brought yet: reads see the controller's own writes.
//!
//! A reconcile that uses the cached object saves a call. But if the cache is older than the
//! controller's own last write, the reconcile would create things twice, or lose what it recorded.
//! So until the cache has the version of the last write, the object is read from the API server.

use std::collections::HashMap;

use kube::ResourceExt;
use parking_lot::Mutex;

/// The version that each object got by our last write, by uid of the source.
#[derive(Debug, Default)]
pub(crate) struct PendingWrites(Mutex<HashMap<String, String>>);

impl PendingWrites {
    /// Records a write, to which the API server responded with this object.
    pub(crate) fn record_write(&self, uid: &str, object: &impl ResourceExt) {
        let version = object.resource_version().unwrap_or_default();
        self.0.lock().insert(uid.to_owned(), version);
    }

    /// Records that the object was read from the API server, because the cached version `cached`
    /// was stale. The cache stays stale until it has the version that was read.
    pub(crate) fn record_read(&self, uid: &str, cached: Option<&str>, object: &impl ResourceExt) {
        if object.resource_version().as_deref() == cached {
            self.forget(uid);
        } else {
            self.record_write(uid, object);
        }
    }

    /// The watch has brought this version. If it is that of the last write, the cache is current
    /// from now on.
    pub(crate) fn observe_version(&self, uid: &str, version: &str) {
        let mut writes = self.0.lock();
        if writes.get(uid).is_some_and(|last| last == version) {
            writes.remove(uid);
        }
    }

    /// Version of the last write, if the watch has not brought it. Must be called before the
    /// cache is read.
    pub(crate) fn pending_version(&self, uid: &str) -> Option<String> {
        self.0.lock().get(uid).cloned()
    }

    /// Forgets an object that was deleted.
    pub(crate) fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    fn object(version: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.resource_version = Some(version.to_owned());
        object
    }

    #[test]
    fn last_write_counts_until_the_watch_brings_it() {
        let writes = PendingWrites::default();
        assert_eq!(writes.pending_version("uid"), None, "nothing written");
        writes.record_write("uid", &object("2"));
        writes.record_write("uid", &object("4"));
        writes.observe_version("uid", "2");
        writes.observe_version("another", "4");
        assert_eq!(writes.pending_version("uid").as_deref(), Some("4"));
        writes.observe_version("uid", "4");
        assert_eq!(writes.pending_version("uid"), None);
    }

    #[test]
    fn cache_is_current_once_the_api_server_has_the_same_version() {
        let writes = PendingWrites::default();
        writes.record_write("uid", &object("2"));
        writes.record_read("uid", Some("1"), &object("3"));
        assert_eq!(writes.pending_version("uid").as_deref(), Some("3"));
        writes.record_read("uid", Some("4"), &object("4"));
        assert_eq!(writes.pending_version("uid"), None);
    }
}
