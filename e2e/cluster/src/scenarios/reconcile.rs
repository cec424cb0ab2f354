//! A source from its manifest to events that flow, and what people do to it meanwhile.

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use source_api::MnsOssSource;
use testbed::Progress;

use crate::cloud::KEY;
use crate::eventually;
use crate::needs::Need;
use crate::sandbox::{SINK, Sandbox, TIMEOUT, unique};
use crate::world::World;

/// Requirements of nearly all of these.
const RUNNING: [Need; 3] = [Need::Definition, Need::Controller, Need::Emulator];

pub(crate) async fn a_source_becomes_ready_and_subscribes_its_queue(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let topic = unique("ready");
    let source = sandbox.ready_source("photos", &topic).await?;
    let status = source.status.clone().context("no status")?;
    ensure!(
        status
            .sink_uri
            .as_deref()
            .is_some_and(|uri| uri.contains(SINK)),
        "the sink is {:?}",
        status.sink_uri
    );
    ensure!(
        !status.ce_attributes.is_empty(),
        "no event types are announced"
    );
    let queue = queue(&source)?;
    let cloud = world.cloud().await?;
    ensure!(
        cloud.queue_status(queue).await?.is_some(),
        "there is no queue `{queue}`"
    );
    let subscription = status
        .subscription
        .as_deref()
        .context("no subscription in the status")?;
    ensure!(
        cloud.is_subscribed(&topic, subscription).await?,
        "the queue is not subscribed"
    );
    let adapter = sandbox.adapter(&source).await?;
    let pod = adapter
        .spec
        .and_then(|spec| spec.template.spec)
        .context("an adapter without pods")?;
    ensure!(
        pod.automount_service_account_token == Some(false),
        "the adapter gets a token for the API server"
    );
    sandbox.delete().await
}

pub(crate) async fn a_sink_that_appears_late_makes_its_source_ready(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let topic = unique("late");
    world.cloud().await?.topic(&topic).await?;
    sandbox.put_secret(KEY).await?;
    sandbox.put_source("photos", &topic).await?;
    sandbox.is_unready("photos", "NotFound").await?;
    sandbox.put_sink().await?;
    sandbox.is_ready("photos").await?;
    sandbox.delete().await
}

pub(crate) async fn a_rotated_secret_takes_effect(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let cloud = world.cloud().await?;
    let old = (unique("LTAIold"), "old-secret");
    cloud
        .admin
        .accept_credentials(&old.0, old.1, None, None)
        .await?;
    let topic = unique("rotated");
    cloud.topic(&topic).await?;
    sandbox.put_secret((&old.0, old.1)).await?;
    sandbox.put_sink().await?;
    sandbox.put_source("photos", &topic).await?;
    sandbox.is_ready("photos").await?;

    sandbox.put_secret(KEY).await?;
    cloud.admin.revoke_credentials(&old.0).await?;
    // Works on MNS with the new key only: the old one is refused by now.
    let renamed = unique("rotated");
    cloud.topic(&renamed).await?;
    sandbox.put_source("photos", &renamed).await?;
    let source = sandbox.is_ready("photos").await?;
    let subscription = source
        .status
        .and_then(|status| status.subscription)
        .context("no subscription")?;
    ensure!(
        cloud.is_subscribed(&renamed, &subscription).await?,
        "the new topic has no subscription"
    );
    sandbox.delete().await
}

pub(crate) async fn a_wrong_secret_is_told_and_can_be_corrected(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let topic = unique("wrong");
    world.cloud().await?.topic(&topic).await?;
    sandbox.put_sink().await?;
    sandbox.put_source("photos", &topic).await?;
    let credentials = |source: &MnsOssSource| condition(source, "CredentialsProvided");
    let missing = |source: &MnsOssSource| {
        credentials(source).is_some_and(|condition| condition["status"] == "False")
    };
    sandbox
        .source_is("the missing Secret is told", "photos", missing)
        .await?;
    sandbox.put_secret((KEY.0, "not-the-secret")).await?;
    let refused = |source: &MnsOssSource| {
        credentials(source).is_some_and(|condition| condition["reason"] == "CredentialsRefused")
    };
    sandbox
        .source_is("the refused key is told", "photos", refused)
        .await?;
    sandbox.put_secret(KEY).await?;
    sandbox.is_ready("photos").await?;
    sandbox.delete().await
}

pub(crate) async fn a_renamed_topic_moves_the_subscription(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let [old, new] = ["old", "new"].map(unique);
    let source = sandbox.ready_source("photos", &old).await?;
    let subscription = source
        .status
        .and_then(|status| status.subscription)
        .context("no subscription")?;
    let cloud = world.cloud().await?;
    cloud.topic(&new).await?;
    sandbox.put_source("photos", &new).await?;
    let source = sandbox.is_ready("photos").await?;
    let status = source.status.context("no status")?;
    let moved = status.subscription.as_deref().context("no subscription")?;
    ensure!(
        cloud.is_subscribed(&new, moved).await?,
        "the new topic has no subscription"
    );
    eventually("the old subscription goes", TIMEOUT, || async {
        let is_there = cloud.is_subscribed(&old, &subscription).await?;
        Ok(if is_there {
            Progress::Pending("it is there".to_owned())
        } else {
            Progress::Done(())
        })
    })
    .await?;
    sandbox.delete().await
}

pub(crate) async fn a_queue_that_somebody_deleted_is_made_again(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let source = sandbox.ready_source("photos", &unique("remade")).await?;
    let queue = queue(&source)?;
    let cloud = world.cloud().await?;
    cloud.delete_queue(queue).await?;
    // MNS tells nobody. The controller learns of it at its next regular look, which
    // `e2e/deploy.toml` makes frequent.
    eventually("the queue is made again", TIMEOUT, || async {
        let is_there = cloud.queue_status(queue).await?.is_some();
        Ok(if is_there {
            Progress::Done(())
        } else {
            Progress::Pending("it is not there".to_owned())
        })
    })
    .await?;
    sandbox.delete().await
}

pub(crate) async fn an_adapter_that_somebody_changed_is_put_right(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let source = sandbox.ready_source("photos", &unique("tampered")).await?;
    let adapter = sandbox.adapter(&source).await?;
    let right = image(&adapter).context("an adapter without image")?;
    let name = adapter.name_any();
    let container = adapter
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref())
        .map(|pod| pod.containers[0].name.clone());
    let wrong = json!({"spec": {"template": {"spec": {"containers": [{"name": container, "image": "example.com/wrong"}]}}}});
    let deployments = sandbox.api::<Deployment>();
    deployments
        .patch(&name, &PatchParams::default(), &Patch::Strategic(&wrong))
        .await?;
    eventually("the image is put right", TIMEOUT, || async {
        let now = image(&deployments.get(&name).await?);
        Ok(if now.as_deref() == Some(&right) {
            Progress::Done(())
        } else {
            Progress::Pending(format!("{now:?}"))
        })
    })
    .await?;
    deployments
        .delete(&name, &kube::api::DeleteParams::default())
        .await?;
    eventually("the adapter is made again", TIMEOUT, || async {
        let again = deployments
            .get_opt(&name)
            .await?
            .filter(|again| again.uid() != adapter.uid());
        Ok(again.map_or_else(
            || Progress::Pending("it is not there".to_owned()),
            |_| Progress::Done(()),
        ))
    })
    .await?;
    sandbox.is_ready("photos").await?;
    sandbox.delete().await
}

pub(crate) async fn scaling_a_source_scales_its_adapter(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let source = sandbox.ready_source("photos", &unique("scaled")).await?;
    let scale = json!({"spec": {"replicas": 2}});
    sandbox
        .sources()
        .patch_scale("photos", &PatchParams::default(), &Patch::Merge(&scale))
        .await?;
    sandbox
        .source_is("two consumers run", "photos", |source| {
            source
                .status
                .as_ref()
                .is_some_and(|status| status.consumers == Some(2))
        })
        .await?;
    let adapter = sandbox.adapter(&source).await?;
    ensure!(
        adapter.spec.and_then(|spec| spec.replicas) == Some(2),
        "the adapter has not two replicas"
    );
    sandbox.delete().await
}

fn queue(source: &MnsOssSource) -> Result<&str> {
    let queue = source
        .status
        .as_ref()
        .and_then(|status| status.queue.as_deref());
    queue.context("no queue in the status")
}

fn image(adapter: &Deployment) -> Option<String> {
    adapter
        .spec
        .as_ref()?
        .template
        .spec
        .as_ref()?
        .containers
        .first()?
        .image
        .clone()
}

fn condition(source: &MnsOssSource, type_: &str) -> Option<Value> {
    let conditions = &source.status.as_ref()?.conditions;
    let condition = conditions
        .iter()
        .find(|condition| condition.type_ == type_)?;
    serde_json::to_value(condition).ok()
}
