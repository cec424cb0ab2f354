//! The watches that wake the controller: on its sources, their Deployments and Secrets, the sinks that they
//! name, trust bundles, Knative's ConfigMaps, and the definitions of kinds.
//!
//! Each watch has a backoff of its own, so that one that is refused does not hold up the
//! others. Copies are kept of sources, of our Deployments and of those ConfigMaps. Of everything else only metadata
//! is fetched, and nothing is kept: no Secret is ever read but those that sources name. A
//! controller that is limited to some namespaces watches these alone.

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
use source_api::{MnsOssSource, ObjectReference, names};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::account::SECRETS;
use crate::changes::changes;
use crate::config_maps::{self, ConfigMapWriters};
use crate::context::Context;
use crate::reconcile::{on_error, reconcile};
use crate::scaled_object;
use crate::sink::{Changed, WatchRequests, follow};
use crate::source::Identity;
use crate::watch_backoff::WatchBackoff;
use crate::{knative_config, trust_bundles};

/// Changes come in bursts: those within this time of each other cause one reconcile.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// Where `kubectl apply` keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// So many changes elsewhere that come at one time are looked up together: a watch that begins, or begins
/// again, tells of every object there is, and going through all sources for each takes far too long.
const AT_ONCE: usize = 1024;

/// An object of some kind, by group, kind, namespace if its kind lives in one, and name.
pub type ObjectKey<'a> = (&'a str, &'a str, Option<&'a str>, &'a str);

/// Sources to reconcile.
type Concerned = stream::Iter<vec::IntoIter<ObjectRef<MnsOssSource>>>;

/// The ends that the watches of a controller write to.
pub struct Feeds {
    pub(crate) config_maps: ConfigMapWriters,
    pub(crate) sinks: WatchRequests,
}

/// Works until `stop`, and then finishes the reconciles that are under way.
///
/// # Cancel safety
/// Dropping the future aborts the reconciles under way. The next leader repeats them.
pub async fn run(ctx: Arc<Context>, feeds: Feeds, concurrency: u16, stop: CancellationToken) {
    let client = ctx.client.clone();
    let (sources, store) = sources(&ctx);
    let config = controller::Config::default()
        .concurrency(concurrency)
        .debounce(DEBOUNCE);
    Controller::for_stream(sources, store.clone())
        .with_config(config)
        .watches_stream(deployments(&ctx), by_deployment(store.clone()))
        .reconcile_on(by_secret(&ctx, store.clone()))
        .reconcile_on(by_config_map(&ctx, feeds.config_maps, store.clone()))
        .reconcile_on(by_definition(ctx.clone(), store.clone()))
        .reconcile_on(by_sink(client, feeds.sinks, store))
        .graceful_shutdown_on(stop.cancelled_owned())
        .run(reconcile, on_error, ctx)
        // Errors have been logged by `on_error`.
        .for_each(|ended| {
            debug!(source = ?ended.map(|(source, _)| source.name), "a reconcile ended");
            ready(())
        })
        .await;
}

/// All sources, and copies of them without the fields that nothing here reads.
fn sources(
    ctx: &Arc<Context>,
) -> (
    impl Stream<Item = watcher::Result<MnsOssSource>> + Send + use<>,
    Store<MnsOssSource>,
) {
    let (store, writer) = reflector::store();
    let watches = ctx.scope.places().into_iter().map(|place| {
        let sources: Api<MnsOssSource> = place.api(&ctx.client);
        let watch = watcher(sources, watcher::Config::default()).backoff(WatchBackoff::default());
        changes(watch, store.clone(), place).boxed()
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
    (successes(sources, "sources").map(Ok), store)
}

/// Our own Deployments, not the cluster's, and copies of them.
fn deployments(
    ctx: &Arc<Context>,
) -> impl Stream<Item = watcher::Result<Deployment>> + Send + use<> {
    let labels = format!("{}={}", names::SOURCE_LABEL, names::CONTROLLER);
    let config = watcher::Config::default().labels(&labels);
    let watches = ctx.scope.places().into_iter().map(|place| {
        let deployments: Api<Deployment> = place.api(&ctx.client);
        let ctx = ctx.clone();
        watcher(deployments, config.clone())
            .backoff(WatchBackoff::default())
            .modify(|deployment: &mut Deployment| deployment.managed_fields_mut().clear())
            .inspect(move |event| ctx.deployments.on_event(&place, event))
            .touched_objects()
            .boxed()
    });
    successes(stream::select_all(watches), "deployments").map(Ok)
}

/// The Deployment of a source came, changed or went. One that says no owner wakes the source whose
/// adapter would have its name: it is in the way, and when it goes there is room for the adapter.
fn by_deployment(
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
        found(&store, |source| {
            source.metadata.namespace == namespace && Identity::of(source).adapter_name() == name
        })
    }
}

/// The Secret of a source came, changed or went.
fn by_secret(
    ctx: &Arc<Context>,
    store: Store<MnsOssSource>,
) -> impl Stream<Item = ObjectRef<MnsOssSource>> + Send + use<> {
    let watches = ctx.scope.places().into_iter().map(|place| {
        let (ctx, name) = (ctx.clone(), place.watch_name(SECRETS));
        let secrets: Api<PartialObjectMeta<Secret>> = place.api(&ctx.client);
        touched(secrets, move |event| ctx.secrets.on_event(&name, event)).boxed()
    });
    let secrets = stream::select_all(watches).ready_chunks(AT_ONCE);
    secrets.flat_map(move |secrets| {
        let secrets = secrets.iter().filter_map(|secret| {
            let metadata = &secret.metadata;
            Some((metadata.namespace.as_deref(), metadata.name.as_deref()?))
        });
        let secrets: BTreeSet<_> = secrets.collect();
        concerned(&store, |source| uses_secret(source, &secrets))
    })
}

/// A trust bundle, or what Knative says to everybody, came, changed or went; or they have all been
/// listed, which is told without a name.
fn by_config_map(
    ctx: &Arc<Context>,
    writers: ConfigMapWriters,
    store: Store<MnsOssSource>,
) -> impl Stream<Item = ObjectRef<MnsOssSource>> + Send + use<> {
    let changes = successes(config_maps::changes(ctx, writers), "config maps");
    let ctx = ctx.clone();
    changes.flat_map(move |changed: ConfigMap| {
        let is_of_knative = ctx
            .config_maps
            .is_knative(changed.metadata.namespace.as_deref());
        let is_for_all = changed.metadata.name.is_none()
            || is_of_knative
                && (knative_config::is_read(&changed) || trust_bundles::is_bundle(&changed));
        concerned(&store, |source| {
            is_for_all || trust_bundles::concerns(&changed, source)
        })
    })
}

/// A kind came, went or changed its versions: the cached discovery of its group is dropped.
fn by_definition(
    ctx: Arc<Context>,
    store: Store<MnsOssSource>,
) -> impl Stream<Item = ObjectRef<MnsOssSource>> + Send {
    let definitions: Api<PartialObjectMeta<CustomResourceDefinition>> =
        Api::all(ctx.client.clone());
    touched(definitions, |_| {}).flat_map(move |definition| {
        let name = definition.name_any();
        let group = name.split_once('.').map_or("", |(_plural, group)| group);
        ctx.resolver.discovery().forget(group);
        concerned(&store, |source| {
            refers_into(source, group) || scaled_object::needs(source, group)
        })
    })
}

/// The sink of a source came, changed or went.
fn by_sink(
    client: Client,
    sinks: WatchRequests,
    store: Store<MnsOssSource>,
) -> impl Stream<Item = ObjectRef<MnsOssSource>> + Send {
    let sinks = Box::pin(follow(client, sinks)).ready_chunks(AT_ONCE);
    sinks.flat_map(move |changed| {
        let changed: BTreeSet<_> = changed.iter().map(Changed::key).collect();
        concerned(&store, |source| refers_to(source, &changed))
    })
}

fn concerned(
    store: &Store<MnsOssSource>,
    is_concerned: impl Fn(&MnsOssSource) -> bool,
) -> Concerned {
    stream::iter(found(store, is_concerned))
}

fn found(
    store: &Store<MnsOssSource>,
    is_concerned: impl Fn(&MnsOssSource) -> bool,
) -> Vec<ObjectRef<MnsOssSource>> {
    let sources = store.state();
    sources
        .iter()
        .filter(|source| is_concerned(source))
        .map(|source| ObjectRef::from_obj(source.as_ref()))
        .collect()
}

/// Names of objects that came, changed or went. `on_event` gets every event of the watch before
/// it wakes a source.
fn touched<K>(
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
    successes(objects, K::plural(&()).into_owned())
}

/// Logs errors and leaves them out. The watch goes on by itself.
fn successes<T: Send>(
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

/// Whether a source takes its credentials from one of these Secrets, by namespace and name.
#[must_use]
pub fn uses_secret(source: &MnsOssSource, secrets: &BTreeSet<(Option<&str>, &str)>) -> bool {
    let namespace = source.metadata.namespace.as_deref();
    let token = source.spec.access_token.as_ref();
    token.is_some_and(|token| secrets.contains(&(namespace, token.secret_key_ref.name.as_str())))
}

/// Whether a source sends, or dead-letters, to one of these objects.
#[must_use]
pub fn refers_to(source: &MnsOssSource, changed: &BTreeSet<ObjectKey<'_>>) -> bool {
    let home = source.metadata.namespace.as_deref();
    references(source).any(|reference| {
        let Reference {
            api_version,
            kind,
            name,
            namespace,
        } = reference;
        let key = |namespace| (group(api_version), kind, namespace, name);
        changed.contains(&key(namespace.or(home))) || changed.contains(&key(None))
    })
}

/// Whether a source refers to an object of this group, in any version.
#[must_use]
pub fn refers_into(source: &MnsOssSource, changed: &str) -> bool {
    references(source).any(|reference| group(reference.api_version) == changed)
}

/// A reference, wherever in the source it stands.
#[derive(Clone, Copy)]
struct Reference<'a> {
    api_version: &'a str,
    kind: &'a str,
    name: &'a str,
    namespace: Option<&'a str>,
}

fn references(source: &MnsOssSource) -> impl Iterator<Item = Reference<'_>> {
    let sink = &source.spec.sink;
    let inline = sink
        .api_version
        .as_deref()
        .zip(sink.kind.as_deref())
        .zip(sink.name.as_deref())
        .map(|((api_version, kind), name)| Reference {
            api_version,
            kind,
            name,
            namespace: sink.namespace.as_deref(),
        });
    let delivery = source.spec.delivery.as_ref();
    let dead_letter_sink = delivery.and_then(|delivery| delivery.dead_letter_sink.as_ref());
    let dead_letter_sink = dead_letter_sink.and_then(|sink| sink.reference.as_ref());
    let modern = sink.reference.iter().chain(dead_letter_sink);
    modern.map(Reference::of).chain(inline)
}

impl<'a> Reference<'a> {
    fn of(reference: &'a ObjectReference) -> Self {
        Self {
            api_version: &reference.api_version,
            kind: &reference.kind,
            name: &reference.name,
            namespace: reference.namespace.as_deref(),
        }
    }
}

fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}
