//! Deployments, as their controller would treat them.

use std::time::Duration;

use fake_api_server::FakeApiServer;
use serde_json::json;
use tokio::time::sleep;

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/shop/deployments/d";

/// Each form of the status until all pods are available.
async fn rollout(server: &FakeApiServer) -> String {
    let mut steps: Vec<String> = Vec::new();
    loop {
        let deployment = server.get(DEPLOYMENT).unwrap();
        let status = &deployment["status"];
        let count = |name: &str| status[name].as_i64().unwrap_or_default();
        let (made, available) = (count("replicas"), count("availableReplicas"));
        let step = format!("{} {made} {available}", count("observedGeneration"));
        if steps.last() != Some(&step) {
            steps.push(step);
        }
        if Some(available) == deployment["spec"]["replicas"].as_i64() {
            return steps.join(", ");
        }
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pods_come_up_step_by_step() {
    let server = FakeApiServer::new();
    let _controller = server.run_deployments(Duration::from_secs(1));
    server.put(DEPLOYMENT, json!({"spec": {"replicas": 1}}));
    assert_eq!(rollout(&server).await, "0 0 0, 1 0 0, 1 1 0, 1 1 1");
    server.change(DEPLOYMENT, |it| it["spec"]["replicas"] = json!(2));
    assert_eq!(rollout(&server).await, "1 1 1, 2 1 1, 2 2 0, 2 2 2");
}
