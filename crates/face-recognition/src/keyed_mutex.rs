//! A mutex per key, so that one task at a time works on a result; the next one finds it done.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

type Locks<K> = HashMap<K, Weak<tokio::sync::Mutex<()>>>;

/// Mutexes by key, which exist only while a task holds or awaits them.
#[derive(Debug)]
pub(crate) struct KeyedMutex<K>(Mutex<Locks<K>>);

impl<K: Eq + Hash> KeyedMutex<K> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// Waits until no other task holds `key`, and holds it until the guard is dropped.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue and nothing else.
    pub(crate) async fn lock(&self, key: K) -> OwnedMutexGuard<()> {
        let lock = self.lock_of(key);
        lock.lock_owned().await
    }

    fn lock_of(&self, key: K) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock();
        locks.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_key_waits_and_others_do_not() {
        let mutex = Arc::new(KeyedMutex::new());
        let first = mutex.lock("a").await;
        let _other = mutex.lock("b").await;
        let second = tokio::spawn({
            let mutex = mutex.clone();
            async move { drop(mutex.lock("a").await) }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_kept_of_keys_that_are_done() {
        let mutex = KeyedMutex::new();
        for key in 0..100 {
            drop(mutex.lock(key).await);
        }
        let _last = mutex.lock(100).await;
        assert_eq!(mutex.0.lock().len(), 1);
    }
}
