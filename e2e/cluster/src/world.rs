//! The cluster under test, shared by all scenarios.

use anyhow::{Context as _, Result};
use kube::Client;
use tokio::sync::{OnceCell, RwLock};

use crate::cloud::Cloud;
use crate::needs::Need;

/// The cluster, the emulator in it, and the locks between scenarios.
pub(crate) struct World {
    pub(crate) client: Client,
    cloud: OnceCell<Cloud>,
    /// Held for reading by scenarios that need the controller left alone, for writing by
    /// those that do not leave it alone.
    pub(crate) exclusive_lock: RwLock<()>,
}

impl World {
    /// Connects to what `KUBECONFIG`, or else the default kubeconfig, names.
    ///
    /// # Errors
    /// When there is no cluster.
    pub(crate) async fn connect() -> Result<Self> {
        let client = Client::try_default().await;
        let client =
            client.context("no cluster to test on: set KUBECONFIG, or run `cargo xtask e2e`")?;
        client
            .apiserver_version()
            .await
            .context("the cluster that KUBECONFIG names does not answer")?;
        Ok(Self {
            client,
            cloud: OnceCell::new(),
            exclusive_lock: RwLock::new(()),
        })
    }

    /// Fails unless the cluster has all of `needs`.
    ///
    /// # Errors
    /// Names the first thing that is missing.
    pub(crate) async fn needs(&self, needs: &[Need]) -> Result<()> {
        for need in needs {
            need.check(&self.client).await?;
        }
        Ok(())
    }

    /// The emulator in the cluster.
    ///
    /// # Errors
    /// When there is no way to it.
    pub(crate) async fn cloud(&self) -> Result<&Cloud> {
        self.cloud.get_or_try_init(Cloud::connect).await
    }
}
