//! What this program wrote a moment ago, for as long as the copy that a watch keeps may not
//! show it yet.
//!
//! A pass that acts on a copy saves a call, but one that acts on what was true before its
//! own last write would forget what it recorded. Versions are opaque: they can be told
//! apart, not put in order. So what each write replaced is remembered, and a copy of any
//! version that was neither written nor replaced by us is not believed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::ResourceExt;

/// Writes in a row that a watch may lag behind; beyond that the server is asked.
const LONGEST_LAG: usize = 16;

/// The newest that we know of each object that we wrote, by uid of the source.
#[derive(Debug)]
pub(crate) struct OwnWrites<K>(Mutex<HashMap<String, Written<K>>>);

#[derive(Debug)]
struct Written<K> {
    object: K,
    /// Versions that came before it; `None` is that there was no object.
    replaced: VecDeque<Option<String>>,
    /// Whether the watch has brought it.
    is_seen: bool,
}

/// What to go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Newest<K> {
    /// The copy.
    Copy,
    /// What we wrote; the copy is older.
    Written(K),
    /// Somebody else wrote too, and who came first cannot be told.
    Unclear,
}

impl<K> Default for OwnWrites<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: ResourceExt + Clone> OwnWrites<K> {
    /// Takes note of what the server answered to a write, and which version it replaced.
    pub(crate) fn note(&self, uid: &str, replaced: Option<String>, object: &K) {
        let version = object.resource_version();
        if version == replaced {
            return;
        }
        let mut all = self.lock();
        let before = all.remove(uid);
        let mut older = before.map_or_else(VecDeque::new, |mut before| {
            before.replaced.push_back(before.object.resource_version());
            before.replaced
        });
        older.push_back(replaced);
        older.retain(|older| *older != version);
        older.drain(..older.len().saturating_sub(LONGEST_LAG));
        let written = Written {
            object: object.clone(),
            replaced: older,
            is_seen: false,
        };
        all.insert(uid.to_owned(), written);
    }

    /// Takes note of what the server answered when asked about an object of which there is
    /// such a copy.
    pub(crate) fn asked(&self, uid: &str, copy: Option<String>, found: &K) {
        if found.resource_version() == copy {
            self.forget(uid);
        } else {
            self.note(uid, copy, found);
        }
    }

    /// What to go by, given the version of the copy (`None` if there is no copy).
    pub(crate) fn newest(&self, uid: &str, copy: Option<&String>) -> Newest<K> {
        let mut all = self.lock();
        let Some(written) = all.get(uid) else {
            return Newest::Copy;
        };
        let is_older = |older: &Option<String>| older.as_ref() == copy;
        if written.replaced.iter().any(is_older) {
            return Newest::Written(written.object.clone());
        }
        if written.is_seen || written.object.resource_version().as_ref() == copy {
            all.remove(uid);
            return Newest::Copy;
        }
        Newest::Unclear
    }

    /// The watch has brought this version. If it is ours, copies that are made from now on
    /// are not older. One that was made before may still be in somebody's hands.
    pub(crate) fn seen(&self, uid: &str, version: &str) {
        if let Some(written) = self.lock().get_mut(uid) {
            written.is_seen |= written.object.resource_version().as_deref() == Some(version);
        }
    }

    /// The object is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Written<K>>> {
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

    fn newest(writes: &OwnWrites<ConfigMap>, copy: Option<&str>) -> String {
        match writes.newest("uid", copy.map(str::to_owned).as_ref()) {
            Newest::Copy => "copy".to_owned(),
            Newest::Written(object) => object.resource_version().unwrap(),
            Newest::Unclear => "unclear".to_owned(),
        }
    }

    #[test]
    fn copy_is_believed_unless_it_is_known_to_be_older() {
        let writes = OwnWrites::default();
        assert_eq!(newest(&writes, Some("1")), "copy", "nothing written");
        writes.note("uid", None, &object("2"));
        writes.note("uid", Some("2".to_owned()), &object("4"));
        for (copy, expected) in [
            (None, "4"),
            (Some("2"), "4"),
            (Some("3"), "unclear"),
            (Some("5"), "unclear"),
            (Some("4"), "copy"),
            (Some("5"), "copy"),
        ] {
            assert_eq!(newest(&writes, copy), expected, "{copy:?}");
        }
    }

    #[test]
    fn answer_to_a_question_settles_what_was_unclear() {
        let writes = OwnWrites::default();
        writes.note("uid", Some("1".to_owned()), &object("2"));
        writes.asked("uid", Some("3".to_owned()), &object("4"));
        for copy in ["1", "2", "3"] {
            assert_eq!(newest(&writes, Some(copy)), "4", "{copy}");
        }
        writes.seen("uid", "3");
        assert_eq!(newest(&writes, Some("5")), "unclear", "not ours");
        writes.seen("uid", "4");
        assert_eq!(newest(&writes, Some("3")), "4", "an old copy");
        assert_eq!(newest(&writes, Some("5")), "copy");

        writes.note("uid", Some("5".to_owned()), &object("6"));
        writes.asked("uid", Some("7".to_owned()), &object("7"));
        assert_eq!(newest(&writes, Some("7")), "copy");
    }

    #[test]
    fn write_that_changed_nothing_replaces_nothing() {
        let writes = OwnWrites::default();
        writes.note("uid", Some("1".to_owned()), &object("1"));
        assert_eq!(newest(&writes, Some("0")), "copy");
    }

    #[test]
    fn memory_is_bounded() {
        let writes = OwnWrites::default();
        for number in 0..100 {
            let replaced = Some(number.to_string());
            writes.note("uid", replaced, &object(&(number + 1).to_string()));
        }
        assert_eq!(newest(&writes, Some("99")), "100");
        assert_eq!(newest(&writes, Some("0")), "unclear");
    }
}
