//! One photo at a time per result: who comes second waits, then finds the work done.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

type Locks<K> = HashMap<K, Weak<tokio::sync::Mutex<()>>>;

/// Locks by key, which exist only while somebody holds or awaits them.
#[derive(Debug)]
pub(crate) struct Flights<K>(Mutex<Locks<K>>);

impl<K: Eq + Hash> Flights<K> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// Waits until nobody else works on `key`; it is ours until the guard is dropped.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue and nothing else.
    pub(crate) async fn enter(&self, key: K) -> OwnedMutexGuard<()> {
        let lock = self.lock_of(key);
        lock.lock_owned().await
    }

    fn lock_of(&self, key: K) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let flights = Arc::new(Flights::new());
        let first = flights.enter("a").await;
        let _other = flights.enter("b").await;
        let second = tokio::spawn({
            let flights = flights.clone();
            async move { drop(flights.enter("a").await) }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_kept_of_keys_that_are_done() {
        let flights = Flights::new();
        for key in 0..100 {
            drop(flights.enter(key).await);
        }
        let _last = flights.enter(100).await;
        assert_eq!(flights.0.lock().unwrap().len(), 1);
    }
}
