//! What a source needs towards sinks that trust nobody: a token, and whom to trust itself.

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use source_api::{MnsOssSource, names};
use testbed::Progress;

use crate::eventually;
use crate::needs::Need;
use crate::sandbox::{Sandbox, TIMEOUT, unique};
use crate::world::World;

const RUNNING: [Need; 3] = [Need::Definition, Need::Controller, Need::Emulator];
const BUNDLE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/// Who a sink knows the source as.
fn identity(source: &MnsOssSource) -> Option<&String> {
    let auth = source.status.as_ref()?.auth.as_ref()?;
    auth.service_account_name.as_ref()
}

async fn expect_tokens(sandbox: &Sandbox<'_>, audience: Value) -> Result<()> {
    let patch = Patch::Merge(json!({"spec": {"sink": {"audience": audience}}}));
    let sources = sandbox.sources();
    sources
        .patch("photos", &PatchParams::default(), &patch)
        .await?;
    Ok(())
}

/// An adapter ends at its start if its token is not mounted or may not be read.
pub(crate) async fn a_sink_that_expects_tokens_gives_its_source_an_identity(
    world: &World,
) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    sandbox.ready_source("photos", &unique("tokens")).await?;
    expect_tokens(&sandbox, json!("sink")).await?;
    let account = names::oidc_account("photos");
    let is_known = |source: &MnsOssSource| identity(source) == Some(&account);
    sandbox
        .source_is("the source has an identity", "photos", is_known)
        .await?;
    let source = sandbox.is_ready("photos").await?;
    let accounts = sandbox.api::<ServiceAccount>();
    let made = accounts.get(&account).await?;
    ensure!(
        made.owner_references()
            .iter()
            .any(|it| Some(&it.uid) == source.metadata.uid.as_ref()),
        "the account does not go with its source"
    );
    let spec = sandbox.adapter(&source).await?.spec;
    let pod = spec.and_then(|spec| spec.template.spec);
    let pod = pod.context("an adapter without pods")?;
    ensure!(
        pod.service_account_name.as_ref() == Some(&account),
        "its pods run as {:?}",
        pod.service_account_name
    );

    expect_tokens(&sandbox, Value::Null).await?;
    let is_unknown = |source: &MnsOssSource| identity(source).is_none();
    sandbox
        .source_is("the source has no identity", "photos", is_unknown)
        .await?;
    sandbox.is_ready("photos").await?;
    eventually("the account goes", TIMEOUT, || async {
        Ok(match accounts.get_opt(&account).await? {
            None => Progress::Done(()),
            Some(_) => Progress::Pending("it is there".to_owned()),
        })
    })
    .await?;
    sandbox.delete().await
}

pub(crate) async fn a_trust_bundle_reaches_an_adapter_that_runs(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let source = sandbox.ready_source("photos", &unique("bundle")).await?;
    let adapter = sandbox.adapter(&source).await?;
    let bundle = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "company",
            "labels": {"networking.knative.dev/trust-bundle": "true"},
        },
        "data": {"ca.pem": BUNDLE},
    });
    let config_maps = sandbox.api::<ConfigMap>();
    sandbox.apply(&config_maps, &bundle).await?;
    eventually("the bundle is there", TIMEOUT, || async {
        let found = config_maps.get_opt(&adapter.name_any()).await?;
        let texts = found.and_then(|found| found.data).unwrap_or_default();
        // The cluster may have bundles of its own.
        let is_there = texts.values().any(|text| text.contains(BUNDLE));
        Ok(if is_there {
            Progress::Done(())
        } else {
            Progress::Pending(format!("{} entries", texts.len()))
        })
    })
    .await?;
    let now = sandbox.adapter(&source).await?;
    ensure!(
        now.metadata.generation == adapter.metadata.generation,
        "its pods were replaced"
    );
    sandbox.delete().await
}
