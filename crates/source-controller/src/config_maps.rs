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

use crate::context::Context;
use crate::copies::Copies;
use crate::scope::{Place, Scope};
use crate::trust_bundles::TRUST_BUNDLE;
use crate::watch_backoff::WatchBackoff;

/// Copies of the ConfigMaps that concern sources.
pub(crate) struct ConfigMaps {
    scope: Scope,
    /// Knative Eventing's own namespace.
    knative_namespace: String,
    knative: Copies<ConfigMap>,
    bundles: HashMap<Place, Copies<ConfigMap>>,
}

/// Where the watches write their copies.
pub(crate) struct ConfigMapWriters {
    knative: Writer<ConfigMap>,
    bundles: Vec<(Place, Writer<ConfigMap>)>,
}

impl ConfigMaps {
    pub(crate) fn new(scope: Scope, knative_namespace: String) -> (Self, ConfigMapWriters) {
        let (knative, knative_writer) = Copies::new();
        let (mut bundles, mut bundle_writers) = (HashMap::new(), Vec::new());
        for place in scope.places() {
            let (copies, writer) = Copies::new();
            bundles.insert(place.clone(), copies);
            bundle_writers.push((place, writer));
        }
        let config_maps = Self {
            scope,
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

    /// Those of Knative's namespace; `None` while they are not known.
    pub(crate) fn of_knative(&self) -> Option<Vec<Arc<ConfigMap>>> {
        self.knative.all()
    }

    /// Those of a namespace that have the label of trust bundles, whatever its value; `None` while
    /// they are not known.
    pub(crate) fn labelled(&self, namespace: &str) -> Option<Vec<Arc<ConfigMap>>> {
        let copies = self.bundles.get(&self.scope.place_of(namespace))?;
        let mut found = copies.all()?;
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
    let bundles = bundles.into_iter().map(|(place, writer)| {
        let objects = place.api(&ctx.client);
        let ctx = ctx.clone();
        let told = move |event: &_| {
            if let Some(copies) = ctx.config_maps.bundles.get(&place) {
                copies.on_event(event);
            }
        };
        watch(objects, labelled.clone(), writer, told).boxed()
    });
    let bundles: Vec<_> = bundles.collect();
    let ctx = ctx.clone();
    let told = move |event: &_| ctx.config_maps.knative.on_event(event);
    let knative = watch(of_knative, watcher::Config::default(), knative, told);
    stream::select_all(bundles.into_iter().chain([knative.boxed()]))
}

fn watch(
    objects: Api<ConfigMap>,
    config: watcher::Config,
    writer: Writer<ConfigMap>,
    told: impl FnMut(&watcher::Result<watcher::Event<ConfigMap>>) + Send,
) -> impl Stream<Item = watcher::Result<ConfigMap>> + Send {
    watcher(objects, config)
        .backoff(WatchBackoff::default())
        .modify(|object: &mut ConfigMap| object.managed_fields_mut().clear())
        .reflect(writer)
        .inspect(told)
        // The end of a list may be what makes the copies known, also of none.
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
