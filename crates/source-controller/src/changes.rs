//! Turns the lists of a watch into changes.
//!
//! A watch that starts, or starts again, lists all objects. A store that gets a list drops
//! everything else, so several watches cannot fill one store with their lists. Here each
//! listed object becomes a change, and an object that is missing in a new list becomes a
//! deletion.

use std::collections::HashSet;

use futures_util::{Stream, StreamExt as _, stream};
use kube::runtime::reflector::{Lookup, ObjectRef, Store};
use kube::runtime::watcher;
use kube::runtime::watcher::Event;

use crate::watched_namespaces::WatchScope;

/// The changes that `watch` brings, whose scope is `scope`. `store` must be the one that they are
/// written to.
pub(crate) fn changes<K>(
    watch: impl Stream<Item = watcher::Result<Event<K>>> + Send,
    store: Store<K>,
    scope: WatchScope,
) -> impl Stream<Item = watcher::Result<Event<K>>> + Send
where
    K: Lookup<DynamicType = ()> + Clone + Send + Sync + 'static,
{
    let mut listed = HashSet::new();
    watch.flat_map(move |event| {
        let changes = match event {
            Ok(Event::Init) => {
                listed.clear();
                Vec::new()
            }
            Ok(Event::InitApply(object)) => {
                listed.insert(object.to_object_ref(()));
                vec![Ok(Event::Apply(object))]
            }
            Ok(Event::InitDone) => {
                let deleted = deleted(&store, &scope, &listed);
                deleted.map(|object| Ok(Event::Delete(object))).collect()
            }
            change => vec![change],
        };
        stream::iter(changes)
    })
}

/// The objects in the store that were not listed.
fn deleted<K>(
    store: &Store<K>,
    scope: &WatchScope,
    listed: &HashSet<ObjectRef<K>>,
) -> impl Iterator<Item = K>
where
    K: Lookup<DynamicType = ()> + Clone + 'static,
{
    let known = store.state().into_iter();
    known
        .filter(move |object| {
            let name = object.to_object_ref(());
            scope.includes(name.namespace.as_deref()) && !listed.contains(&name)
        })
        .map(|object| object.as_ref().clone())
}

#[cfg(test)]
mod tests {
    use futures_util::future::ready;
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::ResourceExt as _;
    use kube::runtime::WatchStreamExt as _;
    use kube::runtime::reflector;

    use super::*;

    fn object(namespace: &str, name: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.namespace = Some(namespace.to_owned());
        object.metadata.name = Some(name.to_owned());
        object
    }

    fn list(objects: Vec<ConfigMap>) -> Vec<Event<ConfigMap>> {
        let objects = objects.into_iter().map(Event::InitApply);
        let mut events: Vec<_> = [Event::Init].into_iter().chain(objects).collect();
        events.push(Event::InitDone);
        events
    }

    /// A watch lists twice; only the object that its second list lacks is deleted.
    #[tokio::test]
    async fn new_list_of_one_watch_leaves_the_others_objects_alone() {
        let (store, writer) = reflector::store();
        let shop = [
            list(vec![object("shop", "a"), object("shop", "b")]),
            list(vec![object("shop", "b")]),
        ];
        let bakery = [list(vec![object("bakery", "a")])];
        let watch = |events: Vec<Event<ConfigMap>>, namespace: &str| {
            let events = stream::iter(events.into_iter().map(Ok));
            changes(
                events,
                store.clone(),
                WatchScope::Namespace(namespace.to_owned()),
            )
            .boxed()
        };
        let (shop, bakery) = (shop.concat(), bakery.concat());
        // One after the other, so that the second list of the first comes last.
        let watches = watch(bakery, "bakery").chain(watch(shop, "shop"));
        let deleted = watches.reflect(writer).filter_map(|event| {
            ready(match event {
                Ok(Event::Delete(object)) => Some(object.name_any()),
                Ok(Event::Apply(_)) => None,
                other => panic!("{other:?}"),
            })
        });
        assert_eq!(deleted.collect::<Vec<_>>().await, ["a"]);
        let mut left: Vec<_> = store
            .state()
            .iter()
            .map(|it| it.to_object_ref(()).to_string())
            .collect();
        left.sort();
        assert_eq!(left, ["ConfigMap.v1./a.bakery", "ConfigMap.v1./b.shop"]);
    }
}
