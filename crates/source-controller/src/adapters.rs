//! The copies of our Deployments that a watch keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use source_api::names;

use crate::own_writes::{Newest, OwnWrites};
use crate::scope::{Place, Scope};
use crate::wish::Identity;

/// Finds and writes adapters' Deployments. Copies are gone by only while the watch that keeps
/// them is in working order.
///
/// A Deployment of the name that somebody else made is in no copy, because it lacks our
/// label. So what is not there is made without force, and then the API server objects.
pub(crate) struct Adapters {
    client: Client,
    scope: Scope,
    copies: Mutex<HashMap<Place, Copies>>,
    written: OwnWrites<Deployment>,
}

/// What one watch keeps.
struct Copies {
    store: Store<Deployment>,
    /// Whether the watch is in working order.
    is_watched: bool,
}

impl Adapters {
    pub(crate) fn new(client: Client, scope: Scope) -> Self {
        Self {
            client,
            scope,
            copies: Mutex::default(),
            written: OwnWrites::default(),
        }
    }

    /// Goes by these copies of what is at `place`, once their watch is in working order.
    pub(crate) fn follow(&self, place: &Place, store: Store<Deployment>) {
        let copies = Copies {
            store,
            is_watched: false,
        };
        self.lock().insert(place.clone(), copies);
    }

    /// Listens to what the watch on `place` says.
    pub(crate) fn hear(&self, place: &Place, event: &watcher::Result<watcher::Event<Deployment>>) {
        let is_watched = match event {
            Ok(watcher::Event::InitApply(_)) => return,
            Ok(watcher::Event::Apply(deployment)) => {
                let version = deployment.resource_version().unwrap_or_default();
                self.written.seen(&owner(deployment), &version);
                true
            }
            Ok(watcher::Event::Delete(deployment)) => {
                self.written.forget(&owner(deployment));
                true
            }
            Ok(watcher::Event::InitDone) => true,
            Ok(watcher::Event::Init) | Err(_) => false,
        };
        if let Some(copies) = self.lock().get_mut(place) {
            copies.is_watched = is_watched;
        }
    }

    /// The Deployment that has the adapter's name; not if somebody else made it, and there
    /// are copies.
    pub(crate) async fn find(&self, identity: &Identity) -> kube::Result<Option<Deployment>> {
        let name = names::adapter(&identity.name, &identity.uid);
        let (copy, is_watched) = self.copy(&name, &identity.namespace);
        let version = copy.as_ref().and_then(|copy| copy.resource_version());
        if is_watched {
            match (self.written.newest(&identity.uid, version.as_ref()), copy) {
                (Newest::Written(deployment), _) => return Ok(Some(deployment)),
                (Newest::Copy, copy) => return Ok(copy.map(Arc::unwrap_or_clone)),
                (Newest::Unclear, _) => {}
            }
        }
        self.ask(identity, version).await
    }

    /// The Deployment that has the adapter's name, whoever made it, as the API server has it;
    /// `copy` is the version of the copy.
    pub(crate) async fn ask(
        &self,
        identity: &Identity,
        copy: Option<String>,
    ) -> kube::Result<Option<Deployment>> {
        let name = names::adapter(&identity.name, &identity.uid);
        let found = self.api(identity).get_opt(&name).await?;
        match &found {
            Some(found) => self.written.asked(&identity.uid, copy, found),
            None => self.written.forget(&identity.uid),
        }
        Ok(found)
    }

    /// Applies a source's Deployment in place of what was found; refused with a conflict if
    /// nothing was, and there is one.
    pub(crate) async fn apply(
        &self,
        identity: &Identity,
        wanted: &Deployment,
        found: Option<&Deployment>,
    ) -> kube::Result<Deployment> {
        let name = names::adapter(&identity.name, &identity.uid);
        let params = PatchParams {
            force: found.is_some(),
            ..PatchParams::apply(names::CONTROLLER)
        };
        let patch = Patch::Apply(wanted);
        let applied = self.api(identity).patch(&name, &params, &patch).await?;
        let replaced = found.and_then(ResourceExt::resource_version);
        self.written.note(&identity.uid, replaced, &applied);
        Ok(applied)
    }

    /// Forgets a source that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.written.forget(uid);
    }

    /// The copy, and whether its watch is in working order.
    fn copy(&self, name: &str, namespace: &str) -> (Option<Arc<Deployment>>, bool) {
        let all = self.lock();
        let Some(copies) = all.get(&self.scope.place_of(namespace)) else {
            return (None, false);
        };
        let copy = copies.store.get(&ObjectRef::new(name).within(namespace));
        (copy, copies.is_watched)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Copies>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn api(&self, identity: &Identity) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), &identity.namespace)
    }
}

/// Uid of the source that a Deployment is for.
fn owner(deployment: &Deployment) -> String {
    let owners = deployment.owner_references().iter();
    let mut controllers = owners.filter(|owner| owner.controller == Some(true));
    controllers
        .next()
        .map(|it| it.uid.clone())
        .unwrap_or_default()
}
