//! Own writes that a watch has not brought yet.
//!
//! A reconcile that acts on the copy that a watch keeps saves a call. One that acts on a copy
//! from before its own last write would make things twice, or forget what it recorded. So
//! until the copy has the version of the last write, the object is read from the API server.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::ResourceExt;

/// The version that each object got by our last write, by uid of the source.
#[derive(Debug, Default)]
pub(crate) struct OwnWrites(Mutex<HashMap<String, String>>);

impl OwnWrites {
    /// The API server answered a write with this object.
    pub(crate) fn wrote(&self, uid: &str, object: &impl ResourceExt) {
        let version = object.resource_version().unwrap_or_default();
        self.lock().insert(uid.to_owned(), version);
    }

    /// The API server was asked, because a copy of version `copy` was not current, and
    /// answered with this object. Copies of other versions are not current either, until one
    /// agrees with the API server.
    pub(crate) fn read(&self, uid: &str, copy: Option<&str>, object: &impl ResourceExt) {
        if object.resource_version().as_deref() == copy {
            self.forget(uid);
        } else {
            self.wrote(uid, object);
        }
    }

    /// The watch has brought this version, so copies that are taken from now on are current
    /// if it is that of our last write.
    pub(crate) fn watched(&self, uid: &str, version: &str) {
        let mut writes = self.lock();
        if writes.get(uid).is_some_and(|last| last == version) {
            writes.remove(uid);
        }
    }

    /// Version of the last write, if the watch has not brought it. To be asked before a copy
    /// is taken.
    pub(crate) fn unwatched(&self, uid: &str) -> Option<String> {
        self.lock().get(uid).cloned()
    }

    /// The object is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let writes = OwnWrites::default();
        assert_eq!(writes.unwatched("uid"), None, "nothing written");
        writes.wrote("uid", &object("2"));
        writes.wrote("uid", &object("4"));
        writes.watched("uid", "2");
        writes.watched("another", "4");
        assert_eq!(writes.unwatched("uid").as_deref(), Some("4"));
        writes.watched("uid", "4");
        assert_eq!(writes.unwatched("uid"), None);
    }

    #[test]
    fn copy_is_current_once_the_api_server_has_the_same_version() {
        let writes = OwnWrites::default();
        writes.wrote("uid", &object("2"));
        writes.read("uid", Some("1"), &object("3"));
        assert_eq!(writes.unwatched("uid").as_deref(), Some("3"));
        writes.read("uid", Some("4"), &object("4"));
        assert_eq!(writes.unwatched("uid"), None);
    }
}
