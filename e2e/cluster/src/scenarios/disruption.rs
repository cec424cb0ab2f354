//! Routine disruption: restarts, and drained nodes.

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::ResourceExt as _;
use kube::api::{Api, EvictParams, ListParams, Patch, PatchParams};
use serde_json::json;
use testbed::Progress;

use crate::eventually;
use crate::needs::{Need, controller};
use crate::sandbox::{Sandbox, TIMEOUT, unique};
use crate::world::World;

const RUNNING: [Need; 3] = [Need::Definition, Need::Controller, Need::Emulator];

pub(crate) async fn a_restarted_controller_goes_on_at_once(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    sandbox.ready_source("before", &unique("restart")).await?;
    let deployment = controller(&world.client).await?;
    let namespace = deployment.namespace().unwrap_or_default();
    let deployments: Api<Deployment> = Api::namespaced(world.client.clone(), &namespace);
    roll_out(&deployments, &deployment).await?;
    // The lease is given up by the pods that went; else this would take longer.
    sandbox.ready_source("after", &unique("restart")).await?;
    sandbox.delete().await
}

pub(crate) async fn a_restarted_adapter_keeps_its_source_ready(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let source = sandbox.ready_source("photos", &unique("restart")).await?;
    let adapter = sandbox.adapter(&source).await?;
    let restarted = roll_out(&sandbox.api(), &adapter).await?;
    sandbox.is_ready("photos").await?;
    let now = sandbox.adapter(&source).await?;
    ensure!(
        now.metadata.generation == restarted.metadata.generation,
        "the controller took the restart back"
    );
    sandbox.delete().await
}

pub(crate) async fn evicted_controllers_are_replaced(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let deployment = controller(&world.client).await?;
    let namespace = deployment.namespace().unwrap_or_default();
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), &namespace);
    for pod in pods_of(&pods, &deployment).await? {
        evict(&pods, &pod.name_any()).await?;
    }
    sandbox.ready_source("photos", &unique("drained")).await?;
    sandbox.delete().await
}

pub(crate) async fn two_consumers_are_evicted_one_at_a_time(world: &World) -> Result<()> {
    world.needs(&RUNNING).await?;
    let sandbox = Sandbox::create(world).await?;
    let source = sandbox.ready_source("photos", &unique("drained")).await?;
    let scale = json!({"spec": {"replicas": 2}});
    sandbox
        .sources()
        .patch_scale("photos", &PatchParams::default(), &Patch::Merge(&scale))
        .await?;
    let adapter = sandbox.adapter(&source).await?.name_any();
    let deployments = sandbox.api::<Deployment>();
    let running = both_run(&deployments, &adapter).await?;
    budget_allows_one(&sandbox.api(), &adapter).await?;

    let pods = sandbox.api::<Pod>();
    let all = pods_of(&pods, &running).await?;
    ensure!(all.len() == 2, "there are {} consumers", all.len());
    let [first, second] = [all[0].name_any(), all[1].name_any()];
    evict(&pods, &first).await?;
    // Refused until the first one is replaced, and that it is in the end.
    evict(&pods, &second).await?;
    both_run(&deployments, &adapter).await?;
    sandbox.is_ready("photos").await?;
    sandbox.delete().await
}

/// Does what `kubectl rollout restart` does, and waits until it is done.
async fn roll_out(deployments: &Api<Deployment>, deployment: &Deployment) -> Result<Deployment> {
    let name = deployment.name_any();
    deployments.restart(&name).await?;
    let what = format!("the deployment `{name}` is rolled out");
    eventually(&what, TIMEOUT, || rolled_out(deployments, &name)).await
}

async fn both_run(deployments: &Api<Deployment>, name: &str) -> Result<Deployment> {
    eventually("two consumers run", TIMEOUT, || async {
        let seen = rolled_out(deployments, name).await?;
        Ok(match seen {
            Progress::Done(deployment) if replicas(&deployment) != Some(2) => {
                Progress::Pending("there is one consumer".to_owned())
            }
            seen => seen,
        })
    })
    .await
}

fn replicas(deployment: &Deployment) -> Option<i32> {
    deployment.status.as_ref()?.available_replicas
}

/// The Deployment, once all of its pods are there, new and available.
async fn rolled_out(deployments: &Api<Deployment>, name: &str) -> Result<Progress<Deployment>> {
    let deployment = deployments.get(name).await?;
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
    let status = deployment.status.clone().unwrap_or_default();
    let is_done = status.observed_generation == deployment.metadata.generation
        && status.updated_replicas == wanted
        && status.available_replicas == wanted
        && status.replicas == wanted;
    Ok(if is_done {
        Progress::Done(deployment)
    } else {
        Progress::Pending(serde_json::to_string(&status)?)
    })
}

async fn budget_allows_one(budgets: &Api<PodDisruptionBudget>, name: &str) -> Result<()> {
    eventually("the budget allows one eviction", TIMEOUT, || async {
        let budget = budgets.get(name).await?;
        let allowed = budget.status.map(|status| status.disruptions_allowed);
        Ok(if allowed == Some(1) {
            Progress::Done(())
        } else {
            Progress::Pending(format!("it allows {allowed:?}"))
        })
    })
    .await
}

async fn pods_of(pods: &Api<Pod>, deployment: &Deployment) -> Result<Vec<Pod>> {
    let labels = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.selector.match_labels.as_ref())
        .context("a deployment without labels")?;
    let labels: Vec<_> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let selected = ListParams::default().labels(&labels.join(","));
    let mut found = pods.list(&selected).await?.items;
    found.retain(|pod| pod.metadata.deletion_timestamp.is_none());
    Ok(found)
}

/// Asks as `kubectl drain` does: again, as long as a budget says no.
async fn evict(pods: &Api<Pod>, name: &str) -> Result<()> {
    let parameters = EvictParams::default();
    eventually(&format!("the pod `{name}` is evicted"), TIMEOUT, || async {
        match pods.evict(name, &parameters).await {
            Ok(_) => Ok(Progress::Done(())),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Progress::Done(())),
            Err(kube::Error::Api(status)) if status.code == 429 => {
                Ok(Progress::Pending(status.message))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}
