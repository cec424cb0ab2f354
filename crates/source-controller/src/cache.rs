//! Caches of reads from the API server, and of observations in the cloud.
//!
//! [`WatchCache`] has objects of the API server until a watch invalidates them. Many sources name the
//! same few Secrets and sinks. An object is cached only while the watch on its kind works, is
//! dropped as soon as the watch brings a change, and is used for a minute at most, because a watch
//! can also fail silently.
//!
//! [`RecentObservations`] has what was observed in MNS within the last seconds. MNS sends no
//! notification of changes, so every reconcile reads from it. During a rollout a source is reconciled
//! many times within seconds, and MNS limits calls; so a reconcile shortly after another one uses
//! the same observation.

use std::collections::HashMap;
use std::time::Duration;

use kube::ResourceExt;
use kube::runtime::watcher;
use parking_lot::Mutex;
use source_api::MnsOssSource;
use tokio::time::Instant;

/// For how long a value is used.
const TTL: Duration = Duration::from_mins(1);

/// Names an object that was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The watch that brings its changes.
    pub(crate) watch: String,
    /// Its namespace; empty if its kind lives in none.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
}

/// Values that are derived from objects, each valid until a watch brings a change of its object.
#[derive(Debug)]
pub(crate) struct WatchCache<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    /// Number of the last event of each watch that works.
    watches: HashMap<String, u64>,
    entries: HashMap<Key, (T, Instant)>,
    swept: Sweep,
    /// How many events there were.
    events: u64,
}

impl<T> Default for WatchCache<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            watches: HashMap::new(),
            entries: HashMap::new(),
            swept: Sweep::new(),
            events: 0,
        }))
    }
}

impl<T: Clone> WatchCache<T> {
    /// The value of an object, read now unless it is cached.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) async fn get_or_read<E>(
        &self,
        key: &Key,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let last_event = {
            let state = self.0.lock();
            if let Some((value, since)) = state.entries.get(key)
                && since.elapsed() < TTL
            {
                return Ok(value.clone());
            }
            state.watches.get(&key.watch).copied()
        };
        let value = read.await?;
        let mut state = self.0.lock();
        if state.swept.is_due(TTL) {
            let entries = &mut state.entries;
            entries.retain(|_, (_, since)| since.elapsed() < TTL);
        }
        // An event in the meantime may have been about a change that `read` did not see.
        if last_event.is_some() && last_event == state.watches.get(&key.watch).copied() {
            let entry = (value.clone(), Instant::now());
            state.entries.insert(key.clone(), entry);
        }
        Ok(value)
    }

    /// Applies an event of a watch.
    pub(crate) fn on_event<K: ResourceExt>(
        &self,
        watch: &str,
        event: &watcher::Result<watcher::Event<K>>,
    ) {
        let mut state = self.0.lock();
        match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::Delete(object)) => {
                state.entries.remove(&Key {
                    watch: watch.to_owned(),
                    namespace: object.namespace().unwrap_or_default(),
                    name: object.name_any(),
                });
                state.count(watch);
            }
            Ok(watcher::Event::InitDone) => state.count(watch),
            Ok(watcher::Event::InitApply(_)) => {}
            Ok(watcher::Event::Init) | Err(_) => {
                state.watches.remove(watch);
                state.entries.retain(|key, _| key.watch != watch);
            }
        }
    }
}

impl<T> State<T> {
    fn count(&mut self, watch: &str) {
        self.events += 1;
        self.watches.insert(watch.to_owned(), self.events);
    }
}

/// When expired entries were last removed. Removing them at every insertion would take time that
/// grows with the square of the number of sources.
#[derive(Debug)]
struct Sweep(Instant);

impl Sweep {
    fn new() -> Self {
        Self(Instant::now())
    }

    /// Whether the last sweep was `pause` ago; then this counts as the next one.
    fn is_due(&mut self, pause: Duration) -> bool {
        let is_due = self.0.elapsed() >= pause;
        if is_due {
            self.0 = Instant::now();
        }
        is_due
    }
}

/// For how long an observation is used; less if the resync interval is shorter.
const OBSERVATION_TTL: Duration = Duration::from_secs(20);

/// What an observation was made for. It is invalid for a source that has changed since, or whose
/// Secret has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObservationKey {
    generation: Option<i64>,
    secret_version: Option<String>,
}

/// Observations, by uid of the source.
#[derive(Debug)]
pub(crate) struct RecentObservations<T> {
    ttl: Duration,
    state: Mutex<Recent<T>>,
}

#[derive(Debug)]
struct Recent<T> {
    entries: HashMap<String, (ObservationKey, Instant, T)>,
    swept: Sweep,
}

impl ObservationKey {
    pub(crate) fn new(source: &MnsOssSource, secret_version: Option<&str>) -> Self {
        Self {
            generation: source.metadata.generation,
            secret_version: secret_version.map(str::to_owned),
        }
    }
}

impl<T: Clone> RecentObservations<T> {
    /// An empty cache, whose entries expire before the next resync.
    pub(crate) fn new(resync: Duration) -> Self {
        Self {
            ttl: OBSERVATION_TTL.min(resync / 2),
            state: Mutex::new(Recent {
                entries: HashMap::new(),
                swept: Sweep::new(),
            }),
        }
    }

    pub(crate) fn keep(&self, uid: &str, key: ObservationKey, observed: &T) {
        let entry = (key, Instant::now(), observed.clone());
        let Recent { entries, swept } = &mut *self.state.lock();
        if swept.is_due(self.ttl) {
            entries.retain(|_, (_, since, _)| since.elapsed() < self.ttl);
        }
        entries.insert(uid.to_owned(), entry);
    }

    pub(crate) fn get(&self, uid: &str, key: &ObservationKey) -> Option<T> {
        let recent = self.state.lock();
        let (kept_for, since, observed) = recent.entries.get(uid)?;
        (kept_for == key && since.elapsed() < self.ttl).then(|| observed.clone())
    }

    /// Forgets a source that was deleted, or whose resources in MNS are about to change.
    pub(crate) fn forget(&self, uid: &str) {
        self.state.lock().entries.remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::ready;

    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::runtime::watcher::Event;
    use tokio::time::advance;

    use super::*;

    const WATCH: &str = "configmaps";

    fn key(name: &str) -> Key {
        Key {
            watch: WATCH.to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
        }
    }

    fn on_event(cache: &WatchCache<u8>, event: Event<ConfigMap>) {
        cache.on_event(WATCH, &Ok(event));
    }

    fn object(name: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.namespace = Some("shop".to_owned());
        object.metadata.name = Some(name.to_owned());
        object
    }

    /// What the cache returns while the object itself has this value.
    async fn get(cache: &WatchCache<u8>, name: &str, now: u8) -> u8 {
        let read = ready(Ok::<_, Infallible>(now));
        cache.get_or_read(&key(name), read).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn values_are_cached_until_their_object_changes() {
        let cache = WatchCache::default();
        on_event(&cache, Event::InitDone);
        get(&cache, "a", 1).await;
        get(&cache, "b", 2).await;
        on_event(&cache, Event::Apply(object("a")));
        assert_eq!(get(&cache, "a", 3).await, 3);
        assert_eq!(get(&cache, "b", 3).await, 2);
        on_event(&cache, Event::Delete(object("b")));
        assert_eq!(get(&cache, "b", 3).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn value_that_a_change_overtook_is_not_cached() {
        for overtaking in [
            vec![Event::Apply(object("a"))],
            vec![Event::Init, Event::InitDone],
        ] {
            let cache = WatchCache::default();
            on_event(&cache, Event::InitDone);
            let read = async {
                for event in overtaking {
                    on_event(&cache, event);
                }
                Ok::<_, Infallible>(1)
            };
            assert_eq!(cache.get_or_read(&key("a"), read).await, Ok(1));
            assert_eq!(get(&cache, "a", 2).await, 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_cached_without_a_working_watch() {
        let cache = WatchCache::default();
        get(&cache, "a", 1).await;
        assert_eq!(get(&cache, "a", 2).await, 2, "no watch yet");
        on_event(&cache, Event::InitDone);
        get(&cache, "a", 1).await;
        cache.on_event::<ConfigMap>(WATCH, &Err(watcher::Error::NoResourceVersion));
        assert_eq!(get(&cache, "a", 2).await, 2, "a watch in trouble");
        on_event(&cache, Event::Apply(object("b")));
        get(&cache, "a", 1).await;
        assert_eq!(get(&cache, "a", 2).await, 1, "it works again");
        on_event(&cache, Event::Init);
        assert_eq!(get(&cache, "a", 2).await, 2, "it starts again");
    }

    #[tokio::test(start_paused = true)]
    async fn values_expire() {
        let cache = WatchCache::default();
        on_event(&cache, Event::InitDone);
        get(&cache, "a", 1).await;
        advance(TTL).await;
        get(&cache, "b", 1).await;
        assert_eq!(cache.0.lock().entries.len(), 1, "only `b`");
        assert_eq!(get(&cache, "a", 2).await, 2);
    }
}
