//! The end of sources, which nothing may hold up.

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;

use crate::eventually::{Seen, eventually};
use crate::needs::Need;
use crate::sandbox::{PATIENCE, SECRET, Sandbox, unique};
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

pub(crate) async fn a_source_goes_although_its_secret_went_first(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    sandbox.ready_source("photos", &unique("keyless")).await?;
    sandbox
        .api::<Secret>()
        .delete(SECRET.0, &DeleteParams::default())
        .await?;
    sandbox
        .sources()
        .delete("photos", &DeleteParams::default())
        .await?;
    sandbox.source_goes("photos").await?;
    let events = sandbox.api::<k8s_openapi::api::events::v1::Event>();
    eventually("a warning says what was left behind", PATIENCE, || async {
        let seen = events.list(&kube::api::ListParams::default()).await?.items;
        let mut warnings = seen.iter().filter(|event| {
            let about = event
                .regarding
                .as_ref()
                .and_then(|object| object.name.as_deref());
            event.type_.as_deref() == Some("Warning") && about == Some("photos")
        });
        Ok(warnings.next().map_or_else(
            || Seen::NotYet("no warning".to_owned()),
            |_| Seen::Reached(()),
        ))
    })
    .await?;
    sandbox.delete().await
}

pub(crate) async fn a_namespace_goes_with_its_sources(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    sandbox.ready_source("first", &unique("gone")).await?;
    sandbox.ready_source("second", &unique("gone")).await?;
    sandbox.delete().await?;
    sandbox.is_gone().await
}
