//! Watches on the kinds that sinks are of, begun when a kind is first asked for.
//!
//! They carry metadata only and say which object changed, nothing more: whoever is woken by
//! it looks for himself, unless somebody else did after the last change. They are polled by whoever holds the stream, so no task is left
//! behind; a watch whose kind has gone ends, and begins anew when it is asked for again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, BoxStream, SelectAll};
use futures_util::{Stream, StreamExt as _};
use kube::api::ApiResource;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::Value;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::cache::{Answers, Question};
use crate::scope::{Place, Scope};

/// An object that came, changed or went.
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

/// Where watches are asked for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SinkWatches {
    scope: Scope,
    watched: Watched,
    looks: Arc<Answers<Option<Value>>>,
    requests: mpsc::UnboundedSender<Watch>,
}

/// The other end: what is asked for, to be given to [`follow`].
#[derive(Debug)]
pub struct WatchRequests {
    watched: Watched,
    looks: Arc<Answers<Option<Value>>>,
    requests: mpsc::UnboundedReceiver<Watch>,
}

/// One watch: a kind, and where it is looked for.
#[derive(Clone, Debug)]
struct Watch {
    resource: ApiResource,
    place: Place,
}

/// The kinds that are watched or about to be.
#[derive(Clone, Debug, Default)]
struct Watched(Arc<Mutex<HashSet<String>>>);

impl SinkWatches {
    /// Both ends, for a controller of this scope. The requests cannot pile up: each kind is
    /// asked for once.
    #[must_use]
    pub fn channel(scope: Scope) -> (Self, WatchRequests) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let watched = Watched::default();
        let looks = Arc::<Answers<_>>::default();
        let asking = Self {
            scope,
            watched: watched.clone(),
            looks: Arc::clone(&looks),
            requests: sender,
        };
        let asked = WatchRequests {
            watched,
            looks,
            requests: receiver,
        };
        (asking, asked)
    }

    /// What `look` finds of an object, or what somebody found since it last changed. Sees to
    /// it that its kind is watched.
    pub(super) async fn look(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        name: &str,
        look: impl Future<Output = kube::Result<Option<Value>>>,
    ) -> kube::Result<Option<Value>> {
        self.ensure(resource, namespace.is_some());
        let place = namespace.map_or(Place::Cluster, |it| self.scope.place_of(it));
        let question = Question {
            watch: place.watch_name(&key(resource)),
            namespace: namespace.unwrap_or_default().to_owned(),
            name: name.to_owned(),
        };
        match self.looks.recall(&question) {
            Ok(found) => Ok(found),
            Err(asked) => {
                let found = look.await?;
                self.looks.keep(&question, asked, &found);
                Ok(found)
            }
        }
    }

    /// Sees to it that the kind is watched at each place of the scope.
    fn ensure(&self, resource: &ApiResource, is_namespaced: bool) {
        if !self.watched.lock().insert(key(resource)) {
            return;
        }
        let places = if is_namespaced {
            self.scope.places()
        } else {
            vec![Place::Cluster]
        };
        for place in places {
            let resource = resource.clone();
            // Nobody listens any more at the end of the process, and then nobody cares.
            let _ = self.requests.send(Watch { resource, place });
        }
    }
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches every kind that is asked for; never ends while it can be asked.
pub fn follow(client: Client, requests: WatchRequests) -> impl Stream<Item = Changed> + Send {
    let running: SelectAll<BoxStream<'static, Changed>> = SelectAll::new();
    stream::unfold(
        (client, requests, running),
        |(client, mut requests, mut running)| async move {
            loop {
                // Cancel-safe: receiving loses nothing when dropped, nor does polling streams.
                tokio::select! {
                    asked = requests.requests.recv() => {
                        let watched = requests.watched.clone();
                        let looks = Arc::clone(&requests.looks);
                        running.push(watch(client.clone(), asked?, watched, looks).boxed());
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
    Watch { resource, place }: Watch,
    watched: Watched,
    looks: Arc<Answers<Option<Value>>>,
) -> impl Stream<Item = Changed> + Send {
    info!(
        kind = resource.kind,
        api_version = resource.api_version,
        "watching sinks of kind `{}`",
        resource.kind
    );
    let objects = place.metadata(client, &resource);
    let heard = place.watch_name(&key(&resource));
    let (gone, kind) = (resource.clone(), resource);
    watcher(objects, watcher::Config::default().any_semantic())
        .default_backoff()
        .inspect(move |event| looks.hear(&heard, event))
        .touched_objects()
        .take_while(move |event| {
            let is_gone = matches!(event, Err(error) if is_not_found(error));
            if is_gone {
                info!(kind = gone.kind, api_version = gone.api_version, "kind `{}` is no longer served", gone.kind);
                watched.lock().remove(&key(&gone));
            }
            std::future::ready(!is_gone)
        })
        .filter_map(move |event| {
            let changed = match event {
                Ok(object) => Some(Changed {
                    group: kind.group.clone(),
                    kind: kind.kind.clone(),
                    namespace: object.namespace(),
                    name: object.name_any(),
                }),
                Err(error) => {
                    warn!(kind = kind.kind, error = %error, "cannot watch sinks of kind `{}`, trying again", kind.kind);
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
fn key(resource: &ApiResource) -> String {
    format!("{} {}", resource.api_version, resource.plural)
}
