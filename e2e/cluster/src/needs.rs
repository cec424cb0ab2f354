//! Requirements of a scenario on the cluster. A missing one fails it by name: a scenario that
//! passes because it could not run proves nothing.

use anyhow::{Context as _, Result, bail, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use kube::Client;
use kube::api::{Api, ListParams};
use kube::core::GroupVersionKind;
use kube::discovery::pinned_kind;

use crate::cloud;

/// The Kubernetes version that Knative asks for.
const MINOR: u32 = 34;

/// One thing that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Kubernetes of this year.
    Kubernetes,
    /// The definition of `MnsOssSource`.
    Definition,
    /// The controller, running.
    Controller,
    /// The emulator, running.
    Emulator,
    /// Knative Eventing with a default broker class that works.
    Eventing,
    /// Knative Serving, and the sample service that `cargo xtask deploy` makes.
    Sample,
}

impl Need {
    /// # Errors
    /// When it is missing; says what to do.
    pub(crate) async fn check(self, client: &Client) -> Result<()> {
        match self {
            Self::Kubernetes => kubernetes(client).await,
            Self::Definition => {
                kind(
                    client,
                    "sources.eventing.knative.dev",
                    "v1alpha1",
                    "MnsOssSource",
                    "run `cargo xtask deploy`",
                )
                .await
            }
            Self::Controller => controller(client).await.map(drop),
            Self::Emulator => {
                deployment(
                    client,
                    cloud::NAMESPACE,
                    cloud::NAME,
                    "run `kubectl apply -f e2e/emulator.yaml`",
                )
                .await
            }
            Self::Eventing => {
                kind(
                    client,
                    "eventing.knative.dev",
                    "v1",
                    "Broker",
                    "install Knative Eventing",
                )
                .await?;
                deployment(
                    client,
                    "knative-eventing",
                    "mt-broker-controller",
                    "install its broker, `mt-channel-broker.yaml`",
                )
                .await
            }
            Self::Sample => {
                kind(
                    client,
                    "serving.knative.dev",
                    "v1",
                    "Service",
                    "install Knative Serving",
                )
                .await
            }
        }
    }
}

async fn kubernetes(client: &Client) -> Result<()> {
    let version = client.apiserver_version().await?;
    let minor: String = version
        .minor
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let found = format!("{}.{}", version.major, version.minor);
    ensure!(
        version.major == "1" && minor.parse::<u32>()? >= MINOR,
        "needs Kubernetes 1.{MINOR} or newer, and this is {found}"
    );
    Ok(())
}

async fn kind(client: &Client, group: &str, version: &str, kind: &str, help: &str) -> Result<()> {
    let wanted = GroupVersionKind::gvk(group, version, kind);
    let found = pinned_kind(client, &wanted).await;
    found
        .map(drop)
        .with_context(|| format!("needs the kind {kind} of {group}/{version}: {help}"))
}

async fn deployment(client: &Client, namespace: &str, name: &str, help: &str) -> Result<()> {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    match deployments.get_opt(name).await? {
        Some(deployment) => available(&deployment),
        None => bail!("needs the Deployment {namespace}/{name}: {help}"),
    }
}

/// The controller's Deployment, wherever it is.
///
/// # Errors
/// When there is none, or it does not run.
pub(crate) async fn controller(client: &Client) -> Result<Deployment> {
    let deployments: Api<Deployment> = Api::all(client.clone());
    let name = format!("metadata.name={}", source_api::names::CONTROLLER);
    let found = deployments
        .list(&ListParams::default().fields(&name))
        .await?;
    let controller = found.items.into_iter().next();
    let controller = controller.context("needs the controller: run `cargo xtask deploy`")?;
    available(&controller)?;
    Ok(controller)
}

fn available(deployment: &Deployment) -> Result<()> {
    let name = deployment.metadata.name.as_deref().unwrap_or_default();
    let available = deployment
        .status
        .as_ref()
        .and_then(|status| status.available_replicas)
        .unwrap_or(0);
    ensure!(
        available > 0,
        "needs the Deployment `{name}` to run: none of its pods is available"
    );
    Ok(())
}
