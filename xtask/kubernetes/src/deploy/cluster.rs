//! The cluster that a kubeconfig names, reached without knowing any kind at compile time.

use anyhow::{Context as _, Result};
use kube::api::{Api, DynamicObject};
use kube::config::KubeConfigOptions;
use kube::discovery::{ApiResource, Discovery};
use kube::{Client, Config};

use super::identity::Identity;

/// A client, and the kinds that the cluster serves.
pub(crate) struct Cluster {
    pub(crate) client: Client,
    served: Discovery,
}

impl Cluster {
    /// Connects as kubectl would.
    ///
    /// # Errors
    /// When there is no such context, or its server does not respond.
    pub(crate) async fn connect(context: Option<&str>) -> Result<Self> {
        let options = KubeConfigOptions {
            context: context.map(ToOwned::to_owned),
            ..KubeConfigOptions::default()
        };
        let config = Config::from_kubeconfig(&options).await;
        let config = config.context(
            "no cluster to talk to: set KUBECONFIG, or choose a context with `kubectl config use-context` or --context",
        )?;
        let server = config.cluster_url.to_string();
        let client = Client::try_from(config)?;
        Self::discover(client).await.with_context(|| {
            format!(
                "the API server at `{server}` does not respond: check whether `kubectl version` works"
            )
        })
    }

    /// Reads the kinds that the server serves.
    ///
    /// # Errors
    /// When it does not respond.
    pub(crate) async fn discover(client: Client) -> Result<Self> {
        let served = Discovery::new(client.clone()).run_aggregated().await?;
        Ok(Self { client, served })
    }

    /// Reads them again, after kinds were added.
    ///
    /// # Errors
    /// When the server does not respond.
    pub(crate) async fn refresh(&mut self) -> Result<()> {
        *self = Self::discover(self.client.clone()).await?;
        Ok(())
    }

    /// How to reach objects of this kind; `None` if it is not served.
    pub(crate) fn api(&self, identity: &Identity) -> Option<Api<DynamicObject>> {
        let resource = self.resource(identity)?;
        Some(match &identity.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        })
    }

    fn resource(&self, identity: &Identity) -> Option<ApiResource> {
        let (resource, _capabilities) = self.served.resolve_gvk(&identity.kind()?)?;
        Some(resource)
    }

    /// The versions of a group that are served, whatever kinds are in them.
    pub(crate) fn versions(&self, group: &str) -> Vec<String> {
        let versions = self
            .served
            .get(group)
            .map(|group| group.versions().map(ToOwned::to_owned).collect());
        versions.unwrap_or_default()
    }

    /// The object as it is now; `None` if there is none, or not even its kind.
    ///
    /// # Errors
    /// When the server does not respond.
    pub(crate) async fn get(&self, identity: &Identity) -> Result<Option<DynamicObject>> {
        match self.api(identity) {
            Some(api) => api
                .get_opt(&identity.name)
                .await
                .with_context(|| format!("cannot read {identity}")),
            None => Ok(None),
        }
    }
}
