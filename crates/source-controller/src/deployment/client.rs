//! Finds and writes the adapters' Deployments.

use std::collections::HashMap;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use source_api::names;

use super::cache::DeploymentCache;
use crate::pending_writes::PendingWrites;
use crate::source::Identity;
use crate::watched_namespaces::{WatchScope, WatchedNamespaces};

/// Finds and writes adapters' Deployments. The cache of a watch is used only while the watch
/// works.
///
/// A Deployment of the same name that another client created is in no cache, because it lacks our
/// label. So a Deployment that is in no cache is created without force, and the API server reports
/// the conflict.
pub(crate) struct Deployments {
    client: Client,
    watched_namespaces: WatchedNamespaces,
    caches: HashMap<WatchScope, DeploymentCache>,
    pending_writes: PendingWrites,
}

impl Deployments {
    pub(crate) fn new(client: Client, watched_namespaces: WatchedNamespaces) -> Self {
        let scopes = watched_namespaces.watch_scopes().into_iter();
        Self {
            client,
            caches: scopes
                .map(|scope| (scope, DeploymentCache::default()))
                .collect(),
            watched_namespaces,
            pending_writes: PendingWrites::default(),
        }
    }

    /// Applies an event of the watch on `scope`.
    pub(crate) fn on_event(
        &self,
        scope: &WatchScope,
        event: &watcher::Result<watcher::Event<Deployment>>,
    ) {
        // The cache comes first: once the version counts as observed, the cache must have it.
        if let Some(cache) = self.caches.get(scope) {
            cache.on_event(event);
        }
        match event {
            Ok(watcher::Event::Apply(deployment)) => {
                let version = deployment.resource_version().unwrap_or_default();
                self.pending_writes
                    .observe_version(&source_uid(deployment), &version);
            }
            Ok(watcher::Event::Delete(deployment)) => {
                self.pending_writes.forget(&source_uid(deployment));
            }
            _ => {}
        }
    }

    /// The Deployment that has the adapter's name. One that another client created is found only
    /// while the cache is not current.
    pub(crate) async fn find(&self, identity: &Identity) -> kube::Result<Option<Deployment>> {
        let scope = self.watched_namespaces.scope_of(&identity.namespace);
        let cache = self.caches.get(&scope);
        // Both are read before the cached Deployment, which has whatever the watch brings in between.
        let is_current = cache.is_some_and(DeploymentCache::is_current);
        let pending = self.pending_writes.pending_version(&identity.uid);
        let (namespace, name) = (&identity.namespace, identity.adapter_name());
        let cached = cache.and_then(|cache| cache.get(namespace, &name));
        let version = cached.as_ref().and_then(ResourceExt::resource_version);
        if is_current && (pending.is_none() || pending == version) {
            return Ok(cached);
        }
        self.read(identity, version.as_deref()).await
    }

    /// The Deployment that has the adapter's name, whoever created it, read from the API server;
    /// `cached` is the version of the cached one that was stale.
    pub(crate) async fn read(
        &self,
        identity: &Identity,
        cached: Option<&str>,
    ) -> kube::Result<Option<Deployment>> {
        let found = self.api(identity).get_opt(&identity.adapter_name()).await?;
        match &found {
            Some(found) => self
                .pending_writes
                .record_read(&identity.uid, cached, found),
            None => self.pending_writes.forget(&identity.uid),
        }
        Ok(found)
    }

    /// Applies a source's Deployment in place of the `live` one; fails with a conflict if there
    /// was none, and now there is.
    pub(crate) async fn apply(
        &self,
        identity: &Identity,
        desired: &Deployment,
        live: Option<&Deployment>,
    ) -> kube::Result<Deployment> {
        let params = PatchParams {
            force: live.is_some(),
            ..PatchParams::apply(names::CONTROLLER)
        };
        let patch = Patch::Apply(desired);
        let deployments = self.api(identity);
        let applied = deployments
            .patch(&identity.adapter_name(), &params, &patch)
            .await?;
        self.pending_writes.record_write(&identity.uid, &applied);
        Ok(applied)
    }

    /// Forgets a source that was deleted.
    pub(crate) fn forget(&self, uid: &str) {
        self.pending_writes.forget(uid);
    }

    fn api(&self, identity: &Identity) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), &identity.namespace)
    }
}

/// Uid of the source that a Deployment is for.
fn source_uid(deployment: &Deployment) -> String {
    let mut owners = deployment.owner_references().iter();
    let controller = owners.find(|owner| owner.controller == Some(true));
    controller.map(|it| it.uid.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use fake_api_server::FakeApiServer;
    use kube::client::Body;
    use kube::runtime::watcher::Event;

    use super::*;

    fn identity() -> Identity {
        Identity {
            namespace: "shop".to_owned(),
            name: "photos".to_owned(),
            uid: "uid".to_owned(),
        }
    }

    fn client(server: &FakeApiServer) -> Client {
        let server = server.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        Client::new(service, "default")
    }

    /// As `identity` applies it: controlled by the source.
    fn deployment() -> Deployment {
        serde_json::from_value(serde_json::json!({
            "metadata": {
                "name": identity().adapter_name(),
                "namespace": "shop",
                "ownerReferences": [{
                    "apiVersion": "v1", "kind": "MnsOssSource", "name": "photos", "uid": "uid",
                    "controller": true,
                }],
            },
            "spec": {"selector": {}, "template": {}},
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn cache_is_used_unless_it_may_be_older_than_the_last_write() {
        let server = FakeApiServer::new();
        let deployments = Deployments::new(client(&server), WatchedNamespaces::cluster());
        let bring = |event| deployments.on_event(&WatchScope::Cluster, &Ok(event));
        let version = async || {
            let found = deployments.find(&identity()).await.unwrap();
            (
                found.and_then(|it| it.resource_version()),
                server.calls().len(),
            )
        };
        assert_eq!(version().await, (None, 1), "the watch has not begun");
        bring(Event::Init);
        bring(Event::InitDone);
        assert_eq!(version().await, (None, 0));

        let applied = deployments.apply(&identity(), &deployment(), None).await;
        let applied = applied.unwrap();
        server.calls();
        let written = applied.resource_version();
        assert_eq!(version().await, (written.clone(), 1), "it is in no cache");
        bring(Event::Apply(applied));
        assert_eq!(version().await, (written.clone(), 0));

        bring(Event::Init);
        assert_eq!(version().await, (written, 1), "the watch begins again");
    }
}
