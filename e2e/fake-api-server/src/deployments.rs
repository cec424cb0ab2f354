//! What a cluster's own controller does about Deployments, as far as their status shows it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::path::ResourcePath;
use crate::server::FakeApiServer;

/// Between the first sight of a Deployment and its pods having been made.
const PODS_ARE_MADE: Duration = Duration::from_millis(20);

/// Plays the controller until it is dropped.
#[derive(Debug)]
pub struct DeploymentController(JoinHandle<()>);

impl FakeApiServer {
    /// Lets every Deployment's pods come up, `after` they were made. As in a cluster, the
    /// status changes in three steps: the new generation is observed, its pods are made, all of
    /// them are available.
    #[must_use]
    pub fn run_deployments(&self, after: Duration) -> DeploymentController {
        DeploymentController(tokio::spawn(play(self.clone(), after)))
    }

    /// Changes the status of a Deployment that still has this generation; `change` gets the
    /// number of pods that it shall have.
    fn tell(&self, path: &str, generation: &Value, change: impl FnOnce(&mut Value, i64)) {
        self.change(path, |deployment| {
            if deployment["metadata"]["generation"] == *generation {
                let replicas = deployment["spec"]["replicas"].as_i64();
                change(&mut deployment["status"], replicas.unwrap_or(1));
            }
        });
    }
}

impl Drop for DeploymentController {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn play(server: FakeApiServer, after: Duration) {
    let mut newest = server.0.store().newest();
    let mut told = 0;
    let mut rollouts = JoinSet::new();
    loop {
        for (path, generation) in unseen(&server, &mut told) {
            rollouts.spawn(roll_out(server.clone(), path, generation, after));
        }
        while rollouts.try_join_next().is_some() {}
        if newest.changed().await.is_err() {
            return;
        }
    }
}

/// Deployments that came or got a new generation since `told`, and their generation.
fn unseen(server: &FakeApiServer, told: &mut u64) -> Vec<(String, Value)> {
    let store = server.0.store();
    let Some(changes) = store.since(*told) else {
        return Vec::new();
    };
    let deployments = changes.filter(|it| it.path.plural == "deployments" && it.kind != "DELETED");
    let unseen = deployments.filter_map(|change| {
        let object = change.object.read();
        let generation = &object["metadata"]["generation"];
        let is_seen = object["status"]["observedGeneration"] == *generation;
        (!is_seen).then(|| (path(&change.path), generation.clone()))
    });
    let unseen = unseen.collect();
    *told = store.version();
    unseen
}

async fn roll_out(server: FakeApiServer, path: String, generation: Value, after: Duration) {
    server.tell(&path, &generation, |status, _| {
        status["observedGeneration"] = generation.clone();
        status["conditions"] = json!([progressing("NewReplicaSetCreated")]);
    });
    sleep(PODS_ARE_MADE).await;
    server.tell(&path, &generation, |status, replicas| {
        let available = available(replicas == 0, "MinimumReplicasUnavailable");
        *status = json!({
            "observedGeneration": generation,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "unavailableReplicas": replicas,
            "conditions": [available, progressing("ReplicaSetUpdated")],
        });
    });
    sleep(after).await;
    server.tell(&path, &generation, |status, replicas| {
        *status = json!({
            "observedGeneration": generation,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
            "conditions": [
                available(true, "MinimumReplicasAvailable"),
                progressing("NewReplicaSetAvailable"),
            ],
        });
    });
}

fn available(is_true: bool, reason: &str) -> Value {
    let status = if is_true { "True" } else { "False" };
    json!({"type": "Available", "status": status, "reason": reason, "message": reason})
}

fn progressing(reason: &str) -> Value {
    json!({"type": "Progressing", "status": "True", "reason": reason, "message": reason})
}

fn path(path: &ResourcePath) -> String {
    let or_none = |part: &Option<String>| part.clone().unwrap_or_default();
    let (namespace, name) = (or_none(&path.namespace), or_none(&path.name));
    format!("{}/namespaces/{namespace}/deployments/{name}", path.root)
}
