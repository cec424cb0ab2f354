//! Many sources at once: one that is broken holds up no other, and none is written to without
//! need.
//!
//! The sources have no consumers, so that the size of the cluster does not matter: it is the
//! controller that is looked at.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use kube::ResourceExt as _;
use kube::api::ListParams;
use serde_json::{Value, json};
use source_api::MnsOssSource;
use testbed::Progress;

use crate::cloud::{Cloud, KEY};
use crate::eventually;
use crate::needs::Need;
use crate::sandbox::{SECRET, Sandbox, is_ready, source, unique};
use crate::world::World;

/// How many there are, unless the variable [`COUNT`] says another number.
const SOURCES: usize = 100;
const COUNT: &str = "E2E_SOURCES";

/// Most of this is the cluster's own time for making so many Deployments.
const TIMEOUT: Duration = Duration::from_mins(5);

/// The source that is broken, and the Secret of it alone.
const BROKEN: &str = "broken";
const BROKEN_SECRET: &str = "nowhere";

pub(crate) async fn many_sources_are_not_held_up_by_a_broken_one(world: &World) -> Result<()> {
    world
        .needs(&[Need::Definition, Need::Controller, Need::Emulator])
        .await?;
    let count = count()?;
    let sandbox = Sandbox::create(world).await?;
    let topic = unique("many");
    world.cloud().await?.topic(&topic).await?;
    sandbox.put_secret(KEY).await?;
    sandbox.put_sink().await?;
    put_broken_source(&sandbox, &topic).await?;
    for number in 0..count {
        let document = idle(&format!("photos-{number}"), &topic);
        sandbox.apply(&sandbox.sources(), &document).await?;
    }
    let before = all_ready(&sandbox, count).await?;
    // Not a wait for anything: the minute itself is what is looked at.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let after = versions(&sandbox.sources().list(&ListParams::default()).await?.items);
    for (name, version) in &before {
        ensure!(
            after.get(name) == Some(version),
            "the source `{name}` was written in a quiet minute"
        );
    }
    sandbox.delete().await
}

fn count() -> Result<usize> {
    match std::env::var(COUNT) {
        Ok(text) => text
            .parse()
            .with_context(|| format!("{COUNT} must be a number, and is `{text}`")),
        Err(_) => Ok(SOURCES),
    }
}

/// A source without consumers: its adapter has no pods.
fn idle(name: &str, topic: &str) -> Value {
    let mut document = source(name, topic);
    document["spec"]["consumers"] = json!(0);
    document
}

/// A source whose MNS is an address in the cluster without a server.
async fn put_broken_source(sandbox: &Sandbox<'_>, topic: &str) -> Result<()> {
    let nowhere = format!("http://{}.{}.svc", crate::sandbox::SINK, sandbox.namespace);
    sandbox
        .put_document(BROKEN_SECRET, &Cloud::document(&nowhere, KEY))
        .await?;
    let mut document = idle(BROKEN, topic);
    document["spec"]["accessToken"]["secretKeyRef"] =
        json!({"name": BROKEN_SECRET, "key": SECRET.1});
    sandbox.apply(&sandbox.sources(), &document).await?;
    sandbox
        .source_is("the broken source is told so", BROKEN, |source| {
            source.status.is_some() && !is_ready(source)
        })
        .await
        .map(drop)
}

/// Waits until all but the broken one are ready. Gives the versions of these.
async fn all_ready(sandbox: &Sandbox<'_>, count: usize) -> Result<BTreeMap<String, String>> {
    let sources = sandbox.sources();
    eventually("all sources become ready", TIMEOUT, || async {
        let mut all = sources.list(&ListParams::default()).await?.items;
        all.retain(is_ready);
        Ok(if all.len() == count {
            Progress::Done(versions(&all))
        } else {
            Progress::Pending(format!("{} of {count} are", all.len()))
        })
    })
    .await
}

fn versions(sources: &[MnsOssSource]) -> BTreeMap<String, String> {
    let version = |source: &MnsOssSource| source.resource_version().unwrap_or_default();
    let pairs = sources
        .iter()
        .map(|source| (source.name_any(), version(source)));
    pairs.collect()
}
