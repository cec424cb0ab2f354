//! Finds and writes the adapters' Deployments.

use std::collections::HashMap;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use source_api::names;

use super::copies::Copies;
use crate::own_writes::OwnWrites;
use crate::scope::{Place, Scope};
use crate::source::Identity;

/// Finds and writes adapters' Deployments. A copy that a watch keeps is used only while the
/// watch is in working order.
///
/// A Deployment of the same name that somebody else made is in no copy, because it lacks our
/// label. So what no copy shows is created without force, and then the API server objects.
pub(crate) struct Deployments {
    client: Client,
    scope: Scope,
    copies: HashMap<Place, Copies>,
    own_writes: OwnWrites,
}

impl Deployments {
    pub(crate) fn new(client: Client, scope: Scope) -> Self {
        let places = scope.places().into_iter();
        Self {
            client,
            copies: places.map(|place| (place, Copies::default())).collect(),
            scope,
            own_writes: OwnWrites::default(),
        }
    }

    /// Takes an event of the watch on `place` into account.
    pub(crate) fn on_event(
        &self,
        place: &Place,
        event: &watcher::Result<watcher::Event<Deployment>>,
    ) {
        // Before the version counts as watched: whoever then asks finds the copy.
        if let Some(copies) = self.copies.get(place) {
            copies.on_event(event);
        }
        match event {
            Ok(watcher::Event::Apply(deployment)) => {
                let version = deployment.resource_version().unwrap_or_default();
                self.own_writes.watched(&source_uid(deployment), &version);
            }
            Ok(watcher::Event::Delete(deployment)) => {
                self.own_writes.forget(&source_uid(deployment));
            }
            _ => {}
        }
    }

    /// The Deployment that has the adapter's name. One that somebody else made is found only
    /// while there are no copies.
    pub(crate) async fn find(&self, identity: &Identity) -> kube::Result<Option<Deployment>> {
        let copies = self.copies.get(&self.scope.place_of(&identity.namespace));
        // Both are asked before the copy is taken: it has whatever the watch brings in between.
        let are_live = copies.is_some_and(Copies::are_live);
        let unwatched = self.own_writes.unwatched(&identity.uid);
        let (namespace, name) = (&identity.namespace, identity.adapter_name());
        let copy = copies.and_then(|copies| copies.get(namespace, &name));
        let version = copy.as_ref().and_then(ResourceExt::resource_version);
        if are_live && (unwatched.is_none() || unwatched == version) {
            return Ok(copy);
        }
        self.read(identity, version.as_deref()).await
    }

    /// The Deployment that has the adapter's name, whoever made it, as the API server has it;
    /// `copy` is the version of the copy that was not current.
    pub(crate) async fn read(
        &self,
        identity: &Identity,
        copy: Option<&str>,
    ) -> kube::Result<Option<Deployment>> {
        let found = self.api(identity).get_opt(&identity.adapter_name()).await?;
        match &found {
            Some(found) => self.own_writes.read(&identity.uid, copy, found),
            None => self.own_writes.forget(&identity.uid),
        }
        Ok(found)
    }

    /// Applies a source's Deployment in place of the `live` one; refused with a conflict if
    /// there was none, and now there is.
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
        self.own_writes.wrote(&identity.uid, &applied);
        Ok(applied)
    }

    /// Forgets a source that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.own_writes.forget(uid);
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
    async fn copy_is_used_unless_it_may_be_older_than_the_last_write() {
        let server = FakeApiServer::new();
        let deployments = Deployments::new(client(&server), Scope::cluster());
        let bring = |event| deployments.on_event(&Place::Cluster, &Ok(event));
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
        assert_eq!(version().await, (written.clone(), 1), "no copy shows it");
        bring(Event::Apply(applied));
        assert_eq!(version().await, (written.clone(), 0));

        bring(Event::Init);
        assert_eq!(version().await, (written, 1), "the watch begins again");
    }
}
