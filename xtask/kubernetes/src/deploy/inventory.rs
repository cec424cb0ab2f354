//! The names of all objects that were ever deployed, stored in the cluster itself.
//!
//! A configuration may name other objects today than it did yesterday; those of yesterday must
//! still be removed. The names alone remove nothing: an object must also have the mark that
//! [`apply`](mod@super::apply) puts on the objects that it creates.
//!
//! Deployments of several samples share one controller. Each has an inventory of its own, so that
//! removing one leaves the objects that another needs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use serde_json::json;

use super::apply::MANAGER;
use super::identity::Identity;

/// Name of the `ConfigMap`, in the first namespace that is deployed to.
const NAME: &str = "knative-mnsoss-deployed";

/// The inventories in one namespace, by the key of each deployment.
type Inventories = BTreeMap<String, BTreeSet<Identity>>;

/// The inventory of one deployment, and of those beside it.
pub(crate) struct Inventory {
    maps: Api<ConfigMap>,
    /// This deployment's key.
    key: String,
    all: Inventories,
}

impl Inventory {
    /// Reads the inventory of the deployment that `objects` belong to; empty, if there is none.
    ///
    /// # Errors
    /// When the API server does not respond, or the inventory was edited.
    pub(crate) async fn load(client: Client, objects: &[DynamicObject]) -> Result<Self> {
        let home = home(objects);
        let maps: Api<ConfigMap> = Api::namespaced(client, &home);
        let map = maps.get_opt(NAME).await;
        let map = map.with_context(|| format!("cannot read the ConfigMap {home}/{NAME}"))?;
        let data = map.and_then(|map| map.data).unwrap_or_default();
        let all = data
            .into_iter()
            .map(|(key, text)| Ok((key, serde_json::from_str(&text)?)))
            .collect::<Result<Inventories>>();
        Ok(Self {
            maps,
            key: format!("{}.json", sample(objects)),
            all: all.with_context(|| format!("the ConfigMap {home}/{NAME} was edited"))?,
        })
    }

    /// All objects that this deployment ever applied, in no order.
    pub(crate) fn objects(&self) -> BTreeSet<Identity> {
        self.all.get(&self.key).cloned().unwrap_or_default()
    }

    /// Whether another deployment has the object, too.
    pub(crate) fn is_shared(&self, object: &Identity) -> bool {
        let mut others = self.all.iter().filter(|(key, _)| **key != self.key);
        others.any(|(_, objects)| objects.contains(object))
    }

    /// Adds further objects, before they are created.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn add(&mut self, objects: impl IntoIterator<Item = Identity>) -> Result<()> {
        self.all
            .entry(self.key.clone())
            .or_default()
            .extend(objects);
        self.write().await
    }

    /// Deletes the inventory of the deployment.
    ///
    /// # Errors
    /// When the server refuses; a missing inventory is no error.
    pub(crate) async fn delete(mut self) -> Result<()> {
        self.all.remove(&self.key);
        if !self.all.is_empty() {
            return self.write().await;
        }
        match self.maps.delete(NAME, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            deleted => deleted
                .map(drop)
                .context("cannot delete the inventory of the deployment"),
        }
    }

    /// Writes all of it, because an apply removes the keys that it lacks.
    async fn write(&self) -> Result<()> {
        let data = self.all.iter().map(|(key, objects)| {
            let text = serde_json::to_string_pretty(objects)?;
            Ok((key.clone(), text))
        });
        let map = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME},
            "data": data.collect::<Result<BTreeMap<_, _>>>()?,
        });
        let parameters = PatchParams::apply(MANAGER).force();
        let applied = self
            .maps
            .patch(NAME, &parameters, &Patch::Apply(&map))
            .await;
        applied
            .map(drop)
            .context("cannot write the inventory of the deployment")
    }
}

/// The namespace of the inventories: the first one that a deployment creates.
fn home(objects: &[DynamicObject]) -> String {
    let mut identities = objects.iter().map(Identity::of);
    let namespace = identities.find(|identity| identity.kind == "Namespace");
    namespace.map_or_else(|| "default".to_owned(), |namespace| namespace.name)
}

/// The namespace that identifies a deployment: that of its source.
fn sample(objects: &[DynamicObject]) -> String {
    let mut identities = objects.iter().map(Identity::of);
    let source = identities.find(|identity| identity.kind == "MnsOssSource");
    let namespace = source.and_then(|source| source.namespace);
    namespace.unwrap_or_else(|| "default".to_owned())
}
