//! The copies of our Deployments that a watch keeps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use source_api::names;

use crate::own_writes::{Newest, OwnWrites};
use crate::wish::Identity;

/// Finds and writes adapters' Deployments. Copies are gone by only while the watch that keeps
/// them is in working order.
///
/// A Deployment of the name that somebody else made is in no copy, because it lacks our
/// label. So what is not there is made without force, and then the API server objects.
pub(crate) struct Adapters {
    client: Client,
    copies: OnceLock<Store<Deployment>>,
    is_watched: AtomicBool,
    written: OwnWrites<Deployment>,
}

impl Adapters {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            copies: OnceLock::new(),
            is_watched: AtomicBool::new(false),
            written: OwnWrites::default(),
        }
    }

    /// Goes by these copies from now on; the first ones given count.
    pub(crate) fn follow(&self, copies: Store<Deployment>) {
        // There is one controller in a process, but for tests that start it again.
        let _ = self.copies.set(copies);
    }

    /// Listens to what the watch says that keeps the copies.
    pub(crate) fn hear(&self, event: &watcher::Result<watcher::Event<Deployment>>) {
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
        self.is_watched.store(is_watched, Ordering::Relaxed);
    }

    /// The Deployment that has the adapter's name; not if somebody else made it, and there
    /// are copies.
    pub(crate) async fn find(&self, identity: &Identity) -> kube::Result<Option<Deployment>> {
        let name = names::adapter(&identity.name, &identity.uid);
        let copy = self.copy(&name, &identity.namespace);
        let version = copy.as_ref().and_then(|copy| copy.resource_version());
        if self.is_watched.load(Ordering::Relaxed) {
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

    fn copy(&self, name: &str, namespace: &str) -> Option<Arc<Deployment>> {
        let copies = self.copies.get()?;
        copies.get(&ObjectRef::new(name).within(namespace))
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
