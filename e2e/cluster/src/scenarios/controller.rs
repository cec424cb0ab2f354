//! The controller itself: restarts, and how little it does when there is nothing to do.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams};

use source_api::MnsOssSource;

use crate::cloud::KEY;
use crate::needs::{Need, controller};
use crate::sandbox::{Sandbox, unique};
use crate::world::World;

const RUNNING: [Need; 3] = [Need::Definition, Need::Controller, Need::Emulator];

/// Enough that a restart finds some of them half done.
const SOURCES: usize = 10;

pub(crate) async fn a_restart_in_the_middle_loses_no_source(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    sandbox.put_secret(KEY).await?;
    sandbox.put_sink().await?;
    let topic = unique("restart");
    world.cloud().await?.topic(&topic).await?;
    for number in 0..SOURCES {
        sandbox
            .put_source(&format!("photos-{number}"), &topic)
            .await?;
        if number == SOURCES / 2 {
            delete_controllers_pods(world).await?;
        }
    }
    let mut queues = Vec::new();
    for number in 0..SOURCES {
        let source = sandbox.is_ready(&format!("photos-{number}")).await?;
        queues.extend(source.status.and_then(|status| status.queue));
        sandbox
            .adapter(&sandbox.sources().get(&format!("photos-{number}")).await?)
            .await?;
    }
    queues.sort();
    queues.dedup();
    ensure!(
        queues.len() == SOURCES,
        "there are {} queues for {SOURCES} sources",
        queues.len()
    );
    sandbox.delete().await
}

async fn delete_controllers_pods(world: &World) -> Result<()> {
    let controller = controller(&world.client).await?;
    let labels = controller
        .spec
        .as_ref()
        .and_then(|spec| spec.selector.match_labels.as_ref());
    let labels = labels.context("a controller without labels")?;
    let labels: Vec<_> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let namespace = controller.namespace().unwrap_or_default();
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), &namespace);
    let of_controller = ListParams::default().labels(&labels.join(","));
    pods.delete_collection(&DeleteParams::default(), &of_controller)
        .await?;
    Ok(())
}

pub(crate) async fn a_quiet_minute_changes_nothing(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    sandbox.ready_source("photos", &unique("quiet")).await?;
    let runs = |source: &MnsOssSource| {
        let consumers = source.status.as_ref().and_then(|status| status.consumers);
        consumers == Some(1)
    };
    let before = sandbox
        .source_is("its consumer runs", "photos", runs)
        .await?;
    let adapter = sandbox.adapter(&before).await?;
    // Not a wait for anything: the minute itself is what is looked at.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let after = sandbox.sources().get("photos").await?;
    ensure!(
        after.resource_version() == before.resource_version(),
        "the source was written: {:?}",
        after.status
    );
    let now = sandbox.adapter(&after).await?;
    ensure!(
        now.metadata.generation == adapter.metadata.generation,
        "the adapter was written"
    );
    sandbox.delete().await
}
