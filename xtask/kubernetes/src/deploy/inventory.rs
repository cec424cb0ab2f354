//! The names of everything that was ever deployed, kept in the cluster itself.
//!
//! A configuration may name other objects today than it did yesterday; what was made
//! yesterday is still ours to remove. The names alone remove nothing: an object must
//! also carry the mark that [`apply`](mod@super::apply) puts on what it makes.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::json;

use super::apply::MANAGER;
use super::identity::Identity;

/// Name of the `ConfigMap`, in the first namespace that is deployed to.
const NAME: &str = "knative-mnsoss-deployed";
const KEY: &str = "objects.json";

/// What is remembered in one namespace.
pub(crate) struct Inventory {
    maps: Api<ConfigMap>,
    /// Not in the order of anything.
    pub(crate) objects: BTreeSet<Identity>,
}

impl Inventory {
    /// Reads what is remembered; nothing, if nothing was ever deployed.
    ///
    /// # Errors
    /// When the server does not say, or somebody changed what it says.
    pub(crate) async fn load(client: Client, namespace: &str) -> Result<Self> {
        let maps: Api<ConfigMap> = Api::namespaced(client, namespace);
        let map = maps.get_opt(NAME).await;
        let map = map.with_context(|| format!("cannot read the ConfigMap {namespace}/{NAME}"))?;
        let text = map.and_then(|map| map.data?.remove(KEY));
        let objects = text.map(|text| serde_json::from_str(&text)).transpose();
        let objects = objects
            .with_context(|| format!("the ConfigMap {namespace}/{NAME} was changed by somebody"))?;
        Ok(Self {
            maps,
            objects: objects.unwrap_or_default(),
        })
    }

    /// Remembers further objects, before they are made.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn remember(
        &mut self,
        objects: impl IntoIterator<Item = Identity>,
    ) -> Result<()> {
        self.objects.extend(objects);
        let map = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME},
            "data": {KEY: serde_json::to_string_pretty(&self.objects)?},
        });
        let parameters = PatchParams::apply(MANAGER).force();
        let applied = self
            .maps
            .patch(NAME, &parameters, &Patch::Apply(&map))
            .await;
        applied
            .map(drop)
            .context("cannot remember in the cluster what is deployed")
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// When the server refuses; that there was nothing is none.
    pub(crate) async fn forget(self) -> Result<()> {
        match self.maps.delete(NAME, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            deleted => deleted
                .map(drop)
                .context("cannot remove what is remembered of the deployment"),
        }
    }
}
