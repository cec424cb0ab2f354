//! The end of sources, which nothing may hold up.

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;
use source_api::MnsOssSource;

use crate::needs::Need;
use crate::sandbox::{SECRET, Sandbox, unique};
use crate::world::World;

const RUNNING: [Need; 3] = [Need::Definition, Need::Controller, Need::Emulator];

pub(crate) async fn a_deleted_source_leaves_nothing_in_mns(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let topic = unique("deleted");
    let source = sandbox.ready_source("photos", &topic).await?;
    let status = source.status.context("no status")?;
    let [queue, subscription] = [status.queue, status.subscription].map(Option::unwrap_or_default);
    sandbox
        .sources()
        .delete("photos", &DeleteParams::default())
        .await?;
    sandbox.source_goes("photos").await?;
    let cloud = world.cloud().await?;
    ensure!(
        cloud.queue_status(&queue).await?.is_none(),
        "the queue `{queue}` is still there"
    );
    ensure!(
        !cloud.is_subscribed(&topic, &subscription).await?,
        "the subscription `{subscription}` is still there"
    );
    sandbox.delete().await
}

pub(crate) async fn a_source_whose_secret_went_first_leaves_nothing_in_mns(
    world: &World,
) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let source = sandbox.ready_source("photos", &unique("keyless")).await?;
    sandbox
        .api::<Secret>()
        .delete(SECRET.0, &DeleteParams::default())
        .await?;
    sandbox.is_unready("photos", "SecretNotFound").await?;
    sandbox
        .sources()
        .delete("photos", &DeleteParams::default())
        .await?;
    sandbox.source_goes("photos").await?;
    has_no_queue(world, &source).await?;
    sandbox.delete().await
}

pub(crate) async fn a_namespace_goes_with_its_sources(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let first = sandbox.ready_source("first", &unique("gone")).await?;
    let second = sandbox.ready_source("second", &unique("gone")).await?;
    sandbox.delete().await?;
    sandbox.is_gone().await?;
    for source in [first, second] {
        has_no_queue(world, &source).await?;
    }
    Ok(())
}

async fn has_no_queue(world: &World, source: &MnsOssSource) -> Result<()> {
    let status = source.status.as_ref().context("no status")?;
    let queue = status.queue.as_deref().context("no queue in the status")?;
    ensure!(
        world.cloud().await?.queue_status(queue).await?.is_none(),
        "the queue `{queue}` is still there"
    );
    Ok(())
}
