//! The watches that trigger reconciles: on sources, their Deployments and Secrets, the sinks that
//! they name, trust bundles, Knative's ConfigMaps, and definitions of kinds.
//!
//! Each watch has a backoff of its own, so that one that is refused does not delay the others. Only
//! sources, our Deployments and those ConfigMaps are cached. Of everything else only metadata is
//! fetched, and nothing is cached: only the Secrets that sources name are ever read. A controller
//! that is limited to some namespaces watches these alone.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;
use std::vec;

use futures_util::{Stream, StreamExt as _, stream};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{self, Controller};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use source_api::{MnsOssSource, names};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::account::SECRETS;
use crate::changes::changes;
use crate::config_maps::{self, ConfigMapWriters};
use crate::context::Context;
use crate::reconcile::{on_error, reconcile};
use crate::references::{refers_into, refers_to, uses_secret};
use crate::scaled_object;
use crate::sink::{Changed, WatchRequests, follow};
use crate::source::Identity;
use crate::watch_backoff::WatchBackoff;
use crate::{knative_config, trust_bundles};

/// Changes come in bursts: changes within this time of each other cause one reconcile.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// Where `kubectl apply` keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Changes are matched against sources in batches of this size, because a watch that restarts reports
/// every object, and going through all sources for each object takes far too long.
const BATCH: usize = 1024;

/// Sources to reconcile.
type ReconcileRequests = stream::Iter<vec::IntoIter<ObjectRef<MnsOssSource>>>;

/// The channels through which reconciles and watches talk to each other.
pub struct WatchInputs {
    pub(crate) config_maps: ConfigMapWriters,
    pub(crate) sinks: WatchRequests,
}

/// Reconciles sources until `stop`, and then finishes the reconciles in progress.
///
/// # Cancel safety
/// Dropping the future aborts the reconciles in progress. The next leader repeats them.
pub async fn run(
    ctx: Arc<Context>,
    inputs: WatchInputs,
    concurrency: u16,
    stop: CancellationToken,
) {
    let client = ctx.client.clone();
    let (sources, store) = sources(&ctx);
    let config = controller::Config::default()
        .concurrency(concurrency)
        .debounce(DEBOUNCE);
    Controller::for_stream(sources, store.clone())
        .with_config(config)
        .watches_stream(deployments(&ctx), requests_for_deployment(store.clone()))
        .reconcile_on(requests_for_secrets(&ctx, store.clone()))
        .reconcile_on(requests_for_config_maps(
            &ctx,
            inputs.config_maps,
            store.clone(),
        ))
        .reconcile_on(requests_for_definitions(ctx.clone(), store.clone()))
        .reconcile_on(requests_for_sinks(client, inputs.sinks, store))
        .graceful_shutdown_on(stop.cancelled_owned())
        .run(reconcile, on_error, ctx)
        // Errors have been logged by `on_error`.
        .for_each(|ended| {
            debug!(source = ?ended.map(|(source, _)| source.name), "a reconcile ended");
            ready(())
        })
        .await;
}

/// All sources, and a store of them without the fields that nothing here reads.
fn sources(
    ctx: &Arc<Context>,
) -> (
    impl Stream<Item = watcher::Result<MnsOssSource>> + Send + use<>,
    Store<MnsOssSource>,
) {
    let (store, writer) = reflector::store();
    let watches = ctx
        .watched_namespaces
        .watch_scopes()
        .into_iter()
        .map(|scope| {
            let sources: Api<MnsOssSource> = scope.api(&ctx.client);
            let watch =
                watcher(sources, watcher::Config::default()).backoff(WatchBackoff::default());
            changes(watch, store.clone(), scope).boxed()
        });
    // The store counts as filled from the start, because every listed source is a change.
    let opened = stream::iter([Ok(watcher::Event::Init), Ok(watcher::Event::InitDone)]);
    let ctx = ctx.clone();
    let sources = opened
        .chain(stream::select_all(watches))
        .modify(|source: &mut MnsOssSource| {
            source.managed_fields_mut().clear();
            source.annotations_mut().remove(LAST_APPLIED);
        })
        .reflect(writer)
        .inspect(move |event| {
            if let Ok(watcher::Event::Delete(source)) = event {
                ctx.forget(&source.uid().unwrap_or_default());
            }
        })
        .applied_objects();
    (log_errors(sources, "sources").map(Ok), store)
}

/// The Deployments with our label, which are cached too.
fn deployments(
    ctx: &Arc<Context>,
) -> impl Stream<Item = watcher::Result<Deployment>> + Send + use<> {
    let labels = format!("{}={}", names::SOURCE_LABEL, names::CONTROLLER);
    let config = watcher::Config::default().labels(&labels);
    let watches = ctx
        .watched_namespaces
        .watch_scopes()
        .into_iter()
        .map(|scope| {
            let deployments: Api<Deployment> = scope.api(&ctx.client);
            let ctx = ctx.clone();
            watcher(deployments, config.clone())
                .backoff(WatchBackoff::default())
                .modify(|deployment: &mut Deployment| deployment.managed_fields_mut().clear())
                .inspect(move |event| ctx.deployments.on_event(&scope, event))
                .touched_objects()
                .boxed()
        });
    log_errors(stream::select_all(watches), "deployments").map(Ok)
}

/// The source to reconcile when a Deployment was created, changed or deleted: its owner. A Deployment
/// without an owner triggers the source whose adapter has the same name, because it blocks that
/// adapter.
fn requests_for_deployment(
    store: Store<MnsOssSource>,
) -> impl Fn(Deployment) -> Vec<ObjectRef<MnsOssSource>> + Send + Sync {
    move |deployment| {
        let namespace = deployment.namespace();
        let owners = deployment.owner_references().iter();
        let owners: Vec<_> = owners
            .filter_map(|owner| ObjectRef::from_owner_ref(namespace.as_deref(), owner, ()))
            .collect();
        if !owners.is_empty() {
            return owners;
        }
        let name = deployment.name_any();
        sources_where(&store, |source| {
            source.metadata.namespace == namespace && Identity::of(source).adapter_name() == name
        })
    }
}

/// The sources to reconcile when Secrets were created, changed or deleted.
fn requests_for_secrets(
    ctx: &Arc<Context>,
    store: Store<MnsOssSource>,
) -> impl Stream<Item = ObjectRef<MnsOssSource>> + Send + use<> {
    let watches = ctx
        .watched_namespaces
        .watch_scopes()
        .into_iter()
        .map(|scope| {
            let (ctx, name) = (ctx.clone(), scope.watch_name(SECRETS));
            let secrets: Api<PartialObjectMeta<Secret>> = scope.api(&ctx.client);
            changed_metadata(secrets, move |event| ctx.secrets.on_event(&name, event)).boxed()
        });
    let secrets = stream::select_all(watches).ready_chunks(BATCH);
    secrets.flat_map(move |secrets| {
        let secrets = secrets.iter().filter_map(|secret| {
            let metadata = &secret.metadata;
            Some((metadata.namespace.as_deref(), metadata.name.as_deref()?))
        });
        let secrets: BTreeSet<_> = secrets.collect();
        reconcile_requests(&store, |source| uses_secret(source, &secrets))
    })
}

/// The sources to reconcile when a trust bundle or one of Knative's global ConfigMaps was created,
/// changed or deleted. The end of a list is an event too, of a ConfigMap without a name.
fn requests_for_config_maps(
    ctx: &Arc<Context>,
    writers: ConfigMapWriters,
    store: Store<MnsOssSource>,
) -> impl Stream<Item = ObjectRef<MnsOssSource>> + Send + use<> {
    let changes = log_errors(config_maps::changes(ctx, writers), "config maps");
    let ctx = ctx.clone();
    changes.flat_map(move |changed: ConfigMap| {
        let is_of_knative = ctx
            .config_maps
            .is_knative(changed.metadata.namespace.as_deref());
        let is_for_all = changed.metadata.name.is_none()
            || is_of_knative
                && (knative_config::is_read(&changed) || trust_bundles::is_bundle(&changed));
        reconcile_requests(&store, |source| {
            is_for_all || trust_bundles::concerns(&changed, source)
        })
    })
}

/// The sources to reconcile when a kind was added, removed or changed its versions. The cached
/// discovery of its group is dropped.
fn requests_for_definitions(
    ctx: Arc<Context>,
    store: Store<MnsOssSource>,
) -> impl Stream<Item = ObjectRef<MnsOssSource>> + Send {
    let definitions: Api<PartialObjectMeta<CustomResourceDefinition>> =
        Api::all(ctx.client.clone());
    changed_metadata(definitions, |_| {}).flat_map(move |definition| {
        let name = definition.name_any();
        let group = name.split_once('.').map_or("", |(_plural, group)| group);
        ctx.resolver.discovery().forget(group);
        reconcile_requests(&store, |source| {
            refers_into(source, group) || scaled_object::needs(source, group)
        })
    })
}

/// The sources to reconcile when sinks were created, changed or deleted.
fn requests_for_sinks(
    client: Client,
    sinks: WatchRequests,
    store: Store<MnsOssSource>,
) -> impl Stream<Item = ObjectRef<MnsOssSource>> + Send {
    let sinks = Box::pin(follow(client, sinks)).ready_chunks(BATCH);
    sinks.flat_map(move |changed| {
        let changed: BTreeSet<_> = changed.iter().map(Changed::key).collect();
        reconcile_requests(&store, |source| refers_to(source, &changed))
    })
}

fn reconcile_requests(
    store: &Store<MnsOssSource>,
    is_affected: impl Fn(&MnsOssSource) -> bool,
) -> ReconcileRequests {
    stream::iter(sources_where(store, is_affected))
}

fn sources_where(
    store: &Store<MnsOssSource>,
    is_affected: impl Fn(&MnsOssSource) -> bool,
) -> Vec<ObjectRef<MnsOssSource>> {
    let sources = store.state();
    sources
        .iter()
        .filter(|source| is_affected(source))
        .map(|source| ObjectRef::from_obj(source.as_ref()))
        .collect()
}

/// The metadata of objects that were created, changed or deleted. `on_event` gets every event of the
/// watch before it triggers a reconcile.
fn changed_metadata<K>(
    objects: Api<PartialObjectMeta<K>>,
    on_event: impl FnMut(&watcher::Result<watcher::Event<PartialObjectMeta<K>>>) + Send,
) -> impl Stream<Item = PartialObjectMeta<K>> + Send
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let objects = watcher(objects, watcher::Config::default().any_semantic())
        .backoff(WatchBackoff::default())
        .inspect(on_event)
        .touched_objects();
    log_errors(objects, K::plural(&()).into_owned())
}

/// Logs the errors of a watch and drops them. The watch retries by itself.
fn log_errors<T: Send>(
    watch: impl Stream<Item = watcher::Result<T>> + Send,
    what: impl Into<String>,
) -> impl Stream<Item = T> + Send {
    let what = what.into();
    watch.filter_map(move |event| {
        let event = event.inspect_err(|error| {
            warn!(error = %error, "cannot watch {what}, trying again");
        });
        ready(event.ok())
    })
}
