//! Watches on the kinds of sinks, each started when a source first names the kind.
//!
//! They bring metadata only, and report which object changed. Until then the object is cached. The
//! stream of changes polls the watches, so no task is left behind; the watch on a kind that is no
//! longer served ends, and starts again when a source names the kind.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::{self, BoxStream, SelectAll};
use futures_util::{Stream, StreamExt as _};
use kube::api::ApiResource;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::cache::{Key, WatchCache};
use crate::references::ObjectKey;
use crate::watch_backoff::WatchBackoff;
use crate::watched_namespaces::{WatchScope, WatchedNamespaces};

/// An object that was created, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Group of its kind.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, if its kind lives in one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Changed {
    /// The key by which a source's references are found.
    #[must_use]
    pub fn key(&self) -> ObjectKey<'_> {
        let namespace = self.namespace.as_deref();
        (&self.group, &self.kind, namespace, &self.name)
    }
}

/// Requests watches, and caches the addresses that sinks announce.
pub(crate) struct SinkWatches {
    watched_namespaces: WatchedNamespaces,
    shared: Arc<Shared>,
    requests: mpsc::UnboundedSender<Watch>,
}

/// The requests, to be given to [`follow`].
pub(crate) struct WatchRequests {
    shared: Arc<Shared>,
    requests: mpsc::UnboundedReceiver<Watch>,
}

/// One watch: a kind and a scope.
struct Watch {
    resource: ApiResource,
    scope: WatchScope,
}

#[derive(Default)]
struct Shared {
    /// The kinds whose watches are requested or running.
    watched: Mutex<HashSet<String>>,
    cache: WatchCache<Option<Value>>,
}

impl SinkWatches {
    /// Both ends of the channel. The requests cannot pile up: each kind is requested once.
    pub(crate) fn channel(watched_namespaces: WatchedNamespaces) -> (Self, WatchRequests) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let shared = Arc::<Shared>::default();
        let watches = Self {
            watched_namespaces,
            shared: Arc::clone(&shared),
            requests: sender,
        };
        let requests = WatchRequests {
            shared,
            requests: receiver,
        };
        (watches, requests)
    }

    /// The result of `read` for an object, or the cached one since it last changed. Ensures that
    /// its kind is watched.
    pub(super) async fn get_or_read(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        name: &str,
        read: impl Future<Output = kube::Result<Option<Value>>>,
    ) -> kube::Result<Option<Value>> {
        self.ensure(resource, namespace.is_some());
        let scope = namespace.map_or(WatchScope::Cluster, |it| {
            self.watched_namespaces.scope_of(it)
        });
        let key = Key {
            watch: scope.watch_name(&kind_key(resource)),
            namespace: namespace.unwrap_or_default().to_owned(),
            name: name.to_owned(),
        };
        self.shared.cache.get_or_read(&key, read).await
    }

    /// Requests a watch on the kind, in each scope.
    fn ensure(&self, resource: &ApiResource, is_namespaced: bool) {
        if !self.shared.watched().insert(kind_key(resource)) {
            return;
        }
        let scopes = if is_namespaced {
            self.watched_namespaces.watch_scopes()
        } else {
            vec![WatchScope::Cluster]
        };
        for scope in scopes {
            let resource = resource.clone();
            // Fails only when the controller stops, and then no watch is needed.
            let _ = self.requests.send(Watch { resource, scope });
        }
    }
}

impl Shared {
    fn watched(&self) -> MutexGuard<'_, HashSet<String>> {
        self.watched.lock()
    }
}

/// Watches every kind that is requested; never ends while more can be.
pub(crate) fn follow(
    client: Client,
    requests: WatchRequests,
) -> impl Stream<Item = Changed> + Send {
    let running: SelectAll<BoxStream<'static, Changed>> = SelectAll::new();
    stream::unfold(
        (client, requests, running),
        |(client, mut requests, mut running)| async move {
            loop {
                // Cancel-safe: receiving loses nothing when dropped, nor does polling streams.
                tokio::select! {
                    requested = requests.requests.recv() => {
                        let shared = Arc::clone(&requests.shared);
                        running.push(watch(client.clone(), requested?, shared).boxed());
                    }
                    Some(changed) = running.next() => {
                        return Some((changed, (client, requests, running)));
                    }
                }
            }
        },
    )
}

fn watch(
    client: Client,
    Watch { resource, scope }: Watch,
    shared: Arc<Shared>,
) -> impl Stream<Item = Changed> + Send {
    info!(
        kind = resource.kind,
        api_version = resource.api_version,
        "watching sinks of kind `{}`",
        resource.kind
    );
    let objects = scope.metadata(client, &resource);
    let key = kind_key(&resource);
    let (name, cache) = (scope.watch_name(&key), Arc::clone(&shared));
    let kind = resource.kind.clone();
    watcher(objects, watcher::Config::default().any_semantic())
        .backoff(WatchBackoff::default())
        .inspect(move |event| cache.cache.on_event(&name, event))
        .touched_objects()
        .take_while(move |event| {
            let is_gone = matches!(event, Err(error) if is_not_found(error));
            if is_gone {
                info!(kind, "kind `{kind}` is no longer served");
                shared.watched().remove(&key);
            }
            std::future::ready(!is_gone)
        })
        .filter_map(move |event| {
            let changed = match event {
                Ok(object) => Some(Changed {
                    group: resource.group.clone(),
                    kind: resource.kind.clone(),
                    namespace: object.namespace(),
                    name: object.name_any(),
                }),
                Err(error) => {
                    let kind = &resource.kind;
                    warn!(kind, error = %error, "cannot watch sinks of kind `{kind}`, trying again");
                    None
                }
            };
            std::future::ready(changed)
        })
}

fn is_not_found(error: &watcher::Error) -> bool {
    let kube = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => error,
        watcher::Error::WatchError(status) => return status.code == 404,
        watcher::Error::NoResourceVersion => return false,
    };
    matches!(kube, kube::Error::Api(status) if status.code == 404)
}

/// Versions of one kind show the same objects, but only while they are served.
fn kind_key(resource: &ApiResource) -> String {
    format!("{} {}", resource.api_version, resource.plural)
}
