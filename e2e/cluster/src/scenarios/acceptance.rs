//! The API server's validation of sources, before any controller sees them.

use anyhow::{Context as _, Result, bail, ensure};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};
use source_api::MnsOssSource;

use crate::cloud::KEY;
use crate::needs::Need;
use crate::sandbox::{Sandbox, source};
use crate::world::World;

/// The walkthrough's own manifest, as its readers have it.
const ORIGINAL: &str = include_str!("../../../../crates/manifests/tests/seed/source.yaml");

pub(crate) async fn the_original_manifest_is_taken_as_it_is_and_becomes_ready(
    world: &World,
) -> Result<()> {
    world
        .needs(&[
            Need::Definition,
            Need::Controller,
            Need::Emulator,
            Need::Eventing,
        ])
        .await?;
    let sandbox = Sandbox::create(world).await?;
    let original: Value = serde_saphyr::from_str(ORIGINAL)?;
    let topic = original["spec"]["topic"]
        .as_str()
        .context("the original names no topic")?;
    world.cloud().await?.topic(topic).await?;
    sandbox.put_secret(KEY).await?;
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "mnsoss-sa"}});
    sandbox
        .apply(&sandbox.api::<ServiceAccount>(), &account)
        .await?;
    // Of today's version; the manifest names one that no cluster serves any more.
    let broker = json!({"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "metadata": {"name": "default"}});
    sandbox
        .apply(
            &sandbox.kind("eventing.knative.dev", "v1", "Broker"),
            &broker,
        )
        .await?;

    let created = sandbox.apply(&sandbox.sources(), &original).await?;
    let kept = serde_json::to_value(&created.spec.sink)?;
    ensure!(
        kept == original["spec"]["sink"],
        "the sink was stored as {kept}"
    );
    let ready = sandbox.is_ready("mnsoss-face").await?;
    let sink = ready.status.and_then(|status| status.sink_uri);
    ensure!(
        sink.as_deref()
            .is_some_and(|sink| sink.ends_with("/default")),
        "the sink is {sink:?}"
    );
    sandbox.delete().await
}

pub(crate) async fn bad_sources_are_refused_with_words_that_help(world: &World) -> Result<()> {
    world.needs(&[Need::Kubernetes, Need::Definition]).await?;
    let sandbox = Sandbox::create(world).await?;
    for (name, pointer, value, expected) in bad_fields() {
        let mut document = source("bad", "photos");
        set(&mut document, pointer, value)?;
        let refused = create_dry(&sandbox, document).await.with_context(|| name)?;
        ensure!(refused.contains(expected), "{name}: refused with {refused}");
    }
    sandbox.delete().await
}

/// A mistake, its field, its value, and the message that the server must give.
fn bad_fields() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    vec![
        (
            "no origin",
            "/spec/topic",
            Value::Null,
            "give exactly one of `eventRule`",
        ),
        (
            "two origins",
            "/spec/queue",
            json!("mine"),
            "give exactly one of `eventRule`",
        ),
        (
            "a topic that MNS cannot have",
            "/spec/topic",
            json!("-photos-"),
            "must be a name in MNS",
        ),
        ("no sink", "/spec/sink", json!({}), "needs `ref` or `uri`"),
        (
            "half a sink",
            "/spec/sink",
            json!({"kind": "Broker", "name": "default"}),
            "needs all of `apiVersion`, `kind` and `name`",
        ),
        (
            "a lone path",
            "/spec/sink",
            json!({"uri": "/path"}),
            "must be an absolute http or https URL",
        ),
        (
            "no such payload",
            "/spec/payload",
            json!("Xml"),
            "supported values",
        ),
        (
            "a bad duration",
            "/spec/delivery",
            json!({"timeout": "soon"}),
            "ISO 8601 duration",
        ),
        (
            "an attribute of CloudEvents",
            "/spec/ceOverrides",
            json!({"extensions": {"source": "me"}}),
            "cannot be overridden",
        ),
        (
            "too few consumers",
            "/spec/consumers",
            json!(-1),
            "greater than or equal to 0",
        ),
    ]
}

/// Sets the field at `pointer`; null takes it away.
fn set(document: &mut Value, pointer: &str, value: Value) -> Result<()> {
    let (parent, field) = pointer
        .rsplit_once('/')
        .context("a pointer without a field")?;
    let parent = document.pointer_mut(parent).and_then(Value::as_object_mut);
    let parent = parent.context("a pointer to nothing")?;
    if value.is_null() {
        parent.remove(field);
    } else {
        parent.insert(field.to_owned(), value);
    }
    Ok(())
}

/// The server's message about a source that it must refuse; nothing is made.
async fn create_dry(sandbox: &Sandbox<'_>, document: Value) -> Result<String> {
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    // Sent as it is: our own types could not even hold some of these.
    let kind = sandbox.kind("sources.eventing.knative.dev", "v1alpha1", "MnsOssSource");
    match kind.create(&dry, &serde_json::from_value(document)?).await {
        Err(kube::Error::Api(status)) if status.code == 422 => Ok(status.message),
        Err(error) => Err(error.into()),
        Ok(_) => bail!("it was taken"),
    }
}

pub(crate) async fn sources_are_found_as_sources(world: &World) -> Result<()> {
    world.needs(&[Need::Definition]).await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(world.client.clone());
    let definition = definitions
        .get("mnsosssources.sources.eventing.knative.dev")
        .await?;
    let labels = definition.metadata.labels.unwrap_or_default();
    // `kn source list` and the eventing-controller find sources by this label alone.
    ensure!(
        labels
            .get("duck.knative.dev/source")
            .is_some_and(|is| is == "true"),
        "labels: {labels:?}"
    );
    let categories = definition.spec.names.categories.unwrap_or_default();
    ensure!(
        categories.iter().any(|category| category == "sources"),
        "categories: {categories:?}"
    );
    let all: Api<MnsOssSource> = Api::all(world.client.clone());
    all.list(&kube::api::ListParams::default())
        .await
        .context("cannot list sources")?;
    Ok(())
}
