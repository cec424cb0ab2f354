//! The watches on ConfigMaps: those of Knative Eventing's own namespace, and trust bundles.
//!
//! Nothing else is ever fetched of a ConfigMap. A controller that is limited to some namespaces
//! watches these and Knative's.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;

use futures_util::{Stream, StreamExt as _, stream};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::reflector::store::Writer;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, ResourceExt as _};

use crate::cached_store::CachedStore;
use crate::context::Context;
use crate::trust_bundles::TRUST_BUNDLE;
use crate::watch_backoff::WatchBackoff;
use crate::watched_namespaces::{WatchScope, WatchedNamespaces};

/// Stores of the ConfigMaps that sources depend on.
pub(crate) struct ConfigMaps {
    watched_namespaces: WatchedNamespaces,
    /// Knative Eventing's own namespace.
    knative_namespace: String,
    knative: CachedStore<ConfigMap>,
    bundles: HashMap<WatchScope, CachedStore<ConfigMap>>,
}

/// The writers of these stores, for the watches.
pub(crate) struct ConfigMapWriters {
    knative: Writer<ConfigMap>,
    bundles: Vec<(WatchScope, Writer<ConfigMap>)>,
}

impl ConfigMaps {
    pub(crate) fn new(
        watched_namespaces: WatchedNamespaces,
        knative_namespace: String,
    ) -> (Self, ConfigMapWriters) {
        let (knative, knative_writer) = CachedStore::new();
        let (mut bundles, mut bundle_writers) = (HashMap::new(), Vec::new());
        for scope in watched_namespaces.watch_scopes() {
            let (store, writer) = CachedStore::new();
            bundles.insert(scope.clone(), store);
            bundle_writers.push((scope, writer));
        }
        let config_maps = Self {
            watched_namespaces,
            knative_namespace,
            knative,
            bundles,
        };
        let writers = ConfigMapWriters {
            knative: knative_writer,
            bundles: bundle_writers,
        };
        (config_maps, writers)
    }

    /// Those of Knative's namespace; `None` until they are listed.
    pub(crate) fn of_knative(&self) -> Option<Vec<Arc<ConfigMap>>> {
        self.knative.all()
    }

    /// Those of a namespace that have the label of trust bundles, whatever its value; `None` until
    /// they are listed.
    pub(crate) fn labelled(&self, namespace: &str) -> Option<Vec<Arc<ConfigMap>>> {
        let store = self
            .bundles
            .get(&self.watched_namespaces.scope_of(namespace))?;
        let mut found = store.all()?;
        found.retain(|it| it.metadata.namespace.as_deref() == Some(namespace));
        Some(found)
    }

    /// Whether this is Knative's namespace.
    pub(crate) fn is_knative(&self, namespace: Option<&str>) -> bool {
        namespace == Some(&self.knative_namespace)
    }
}

/// ConfigMaps that came, changed or went.
pub(crate) fn changes(
    ctx: &Arc<Context>,
    writers: ConfigMapWriters,
) -> impl Stream<Item = watcher::Result<ConfigMap>> + Send + use<> {
    let ConfigMapWriters { knative, bundles } = writers;
    let of_knative = Api::namespaced(ctx.client.clone(), &ctx.config_maps.knative_namespace);
    let labelled = watcher::Config::default().labels(TRUST_BUNDLE);
    let bundles = bundles.into_iter().map(|(scope, writer)| {
        let objects = scope.api(&ctx.client);
        let ctx = ctx.clone();
        let on_event = move |event: &_| {
            if let Some(store) = ctx.config_maps.bundles.get(&scope) {
                store.on_event(event);
            }
        };
        watch(objects, labelled.clone(), writer, on_event).boxed()
    });
    let bundles: Vec<_> = bundles.collect();
    let ctx = ctx.clone();
    let on_event = move |event: &_| ctx.config_maps.knative.on_event(event);
    let knative = watch(of_knative, watcher::Config::default(), knative, on_event);
    stream::select_all(bundles.into_iter().chain([knative.boxed()]))
}

fn watch(
    objects: Api<ConfigMap>,
    config: watcher::Config,
    writer: Writer<ConfigMap>,
    on_event: impl FnMut(&watcher::Result<watcher::Event<ConfigMap>>) + Send,
) -> impl Stream<Item = watcher::Result<ConfigMap>> + Send {
    watcher(objects, config)
        .backoff(WatchBackoff::default())
        .modify(|object: &mut ConfigMap| object.managed_fields_mut().clear())
        .reflect(writer)
        .inspect(on_event)
        // The end of the list matters too: from then on the store is synced, even if it is empty.
        .filter_map(|event| {
            ready(match event {
                Ok(watcher::Event::Init) => None,
                Ok(watcher::Event::InitDone) => Some(Ok(ConfigMap::default())),
                Ok(
                    watcher::Event::Apply(object)
                    | watcher::Event::InitApply(object)
                    | watcher::Event::Delete(object),
                ) => Some(Ok(object)),
                Err(error) => Some(Err(error)),
            })
        })
}
