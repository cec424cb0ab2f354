//! A namespace for one scenario, with the few things that most of them make in it.
//!
//! Pods in it must fit the `restricted` profile of Pod Security, so every scenario proves
//! that adapters do. It is deleted when the scenario passes, and stays when it fails.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Secret, Service};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use source_api::{ConditionStatus, MnsOssSource, READY};
use testbed::Progress;
use uuid::Uuid;

use crate::cloud::{Cloud, KEY};
use crate::eventually;
use crate::world::World;

/// A source is ready within seconds of its sink; pods may have to be started for it.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(2);

/// The Secret's name and key in every scenario.
pub(crate) const SECRET: (&str, &str) = ("mnsoss-secret", "mns");

/// The name of the Kubernetes Service that is the sink of most scenarios. Nothing is behind
/// it: a source is ready when its sink has an address.
pub(crate) const SINK: &str = "sink";

/// One namespace.
pub(crate) struct Sandbox<'a> {
    pub(crate) world: &'a World,
    pub(crate) namespace: String,
}

impl<'a> Sandbox<'a> {
    /// Makes a namespace that nobody else uses.
    ///
    /// # Errors
    /// When the cluster refuses it.
    pub(crate) async fn create(world: &'a World) -> Result<Self> {
        let namespace = format!("e2e-{}", Uuid::new_v4().simple());
        let sandbox = Self { world, namespace };
        let document = json!({"metadata": {"name": sandbox.namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
        let namespaces: Api<Namespace> = Api::all(world.client.clone());
        namespaces
            .create(&PostParams::default(), &serde_json::from_value(document)?)
            .await?;
        Ok(sandbox)
    }

    /// Deletes the namespace, without waiting.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(crate) async fn delete(&self) -> Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.world.client.clone());
        namespaces
            .delete(&self.namespace, &DeleteParams::default())
            .await?;
        Ok(())
    }

    /// Waits until the namespace is gone.
    ///
    /// # Errors
    /// When something holds it.
    pub(crate) async fn is_gone(&self) -> Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.world.client.clone());
        eventually("the namespace goes", TIMEOUT, || async {
            Ok(match namespaces.get_opt(&self.namespace).await? {
                None => Progress::Done(()),
                Some(namespace) => Progress::Pending(serde_json::to_string(&namespace.status)?),
            })
        })
        .await
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = kube::core::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.world.client.clone(), &self.namespace)
    }

    pub(crate) fn sources(&self) -> Api<MnsOssSource> {
        self.api()
    }

    pub(crate) fn kind(&self, group: &str, version: &str, kind: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.world.client.clone(), &self.namespace, &resource)
    }

    /// Applies a document, as `kubectl apply --server-side` does.
    ///
    /// # Errors
    /// When the server refuses it, with the server's reason.
    pub(crate) async fn apply<K>(&self, api: &Api<K>, document: &Value) -> Result<K>
    where
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        let name = document["metadata"]["name"]
            .as_str()
            .context("a document without a name")?;
        let parameters = PatchParams::apply("e2e").force();
        Ok(api
            .patch(name, &parameters, &Patch::Apply(document))
            .await?)
    }

    /// Puts `key` into the Secret.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(crate) async fn put_secret(&self, key: (&str, &str)) -> Result<()> {
        self.put_document(SECRET.0, &Cloud::secret(key)).await
    }

    /// Puts `content` into a Secret, under the key that all have.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(crate) async fn put_document(&self, secret: &str, content: &str) -> Result<()> {
        let document = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret},
            "stringData": {SECRET.1: content}});
        self.apply(&self.api::<Secret>(), &document).await.map(drop)
    }

    /// Makes the sink.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(crate) async fn put_sink(&self) -> Result<()> {
        let document = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": SINK},
            "spec": {"ports": [{"port": 80}]}});
        self.apply(&self.api::<Service>(), &document)
            .await
            .map(drop)
    }

    /// Makes or changes a source that receives from `topic` and sends to the sink.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub(crate) async fn put_source(&self, name: &str, topic: &str) -> Result<MnsOssSource> {
        self.apply(&self.sources(), &source(name, topic)).await
    }

    /// A ready source with everything that it needs.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(crate) async fn ready_source(&self, name: &str, topic: &str) -> Result<MnsOssSource> {
        self.world.cloud().await?.topic(topic).await?;
        self.put_secret(KEY).await?;
        self.put_sink().await?;
        self.put_source(name, topic).await?;
        self.is_ready(name).await
    }

    /// Waits until a source is ready in its newest form.
    ///
    /// # Errors
    /// When it does not become so, with its conditions.
    pub(crate) async fn is_ready(&self, name: &str) -> Result<MnsOssSource> {
        self.source_is(
            &format!("the source `{name}` becomes ready"),
            name,
            is_ready,
        )
        .await
    }

    /// Waits until a source is not ready for this reason.
    ///
    /// # Errors
    /// When it does not become so, with its conditions.
    pub(crate) async fn is_unready(&self, name: &str, reason: &str) -> Result<MnsOssSource> {
        self.source_is(
            &format!("the source `{name}` is not ready because of {reason}"),
            name,
            |source| {
                ready(source)
                    .is_some_and(|(status, why)| status != ConditionStatus::True && why == reason)
            },
        )
        .await
    }

    /// Waits until a source is as `wanted` says.
    ///
    /// # Errors
    /// When it does not become so, with its status.
    pub(crate) async fn source_is(
        &self,
        what: &str,
        name: &str,
        wanted: impl Fn(&MnsOssSource) -> bool,
    ) -> Result<MnsOssSource> {
        let sources = self.sources();
        eventually(what, TIMEOUT, || async {
            let source = sources.get(name).await?;
            Ok(if wanted(&source) {
                Progress::Done(source)
            } else {
                Progress::Pending(serde_json::to_string(&source.status)?)
            })
        })
        .await
    }

    /// Waits until a source is gone.
    ///
    /// # Errors
    /// When something holds it.
    pub(crate) async fn source_goes(&self, name: &str) -> Result<()> {
        let sources = self.sources();
        eventually(&format!("the source `{name}` goes"), TIMEOUT, || async {
            Ok(match sources.get_opt(name).await? {
                None => Progress::Done(()),
                Some(source) => {
                    Progress::Pending(format!("held by {}", source.finalizers().join(", ")))
                }
            })
        })
        .await
    }

    /// The Deployment that a source's controller made for it.
    ///
    /// # Errors
    /// Unless there is exactly one.
    pub(crate) async fn adapter(&self, source: &MnsOssSource) -> Result<Deployment> {
        let of_source = format!(
            "{}={}",
            source_api::names::SOURCE_NAME_LABEL,
            source_api::names::label_value(&source.name_any())
        );
        let found = self
            .api::<Deployment>()
            .list(&ListParams::default().labels(&of_source))
            .await?
            .items;
        let Ok([adapter]) = <[Deployment; 1]>::try_from(found) else {
            bail!(
                "the source `{}` has not exactly one adapter",
                source.name_any()
            );
        };
        let owner = adapter
            .owner_references()
            .first()
            .map(|owner| owner.uid.clone());
        ensure!(
            owner == source.uid(),
            "the adapter is not owned by its source"
        );
        Ok(adapter)
    }
}

/// The document of a source that sends to the sink of a sandbox.
pub(crate) fn source(name: &str, topic: &str) -> Value {
    json!({
        "apiVersion": "sources.eventing.knative.dev/v1alpha1",
        "kind": "MnsOssSource",
        "metadata": {"name": name},
        "spec": {
            "topic": topic,
            "accessToken": {"secretKeyRef": {"name": SECRET.0, "key": SECRET.1}},
            "sink": {"ref": {"apiVersion": "v1", "kind": "Service", "name": SINK}},
        },
    })
}

/// A name in MNS that no other scenario uses.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", Uuid::new_v4().simple())
}

/// Whether a source is ready in its newest form.
pub(crate) fn is_ready(source: &MnsOssSource) -> bool {
    is_observed(source) && ready(source).is_some_and(|(status, _)| status == ConditionStatus::True)
}

fn is_observed(source: &MnsOssSource) -> bool {
    let observed = source
        .status
        .as_ref()
        .and_then(|status| status.observed_generation);
    observed.is_some() && observed == source.metadata.generation
}

/// Status and reason of the condition that sums up the others.
fn ready(source: &MnsOssSource) -> Option<(ConditionStatus, &str)> {
    let conditions = &source.status.as_ref()?.conditions;
    let ready = conditions
        .iter()
        .find(|condition| condition.type_ == READY)?;
    Some((ready.status, ready.reason.as_deref().unwrap_or_default()))
}
