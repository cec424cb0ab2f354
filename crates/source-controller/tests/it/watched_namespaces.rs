//! A controller that is limited to some namespaces.

use std::time::Duration;

use serde_json::{Value, json};
use source_controller::{WatchedNamespaces, controller};
use testbed::eventually;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::fixture::{BROKER, SECRET, SOURCE, World, condition, context_in};

const LONG: Duration = Duration::from_mins(1);

/// Puts what the fixture has in `shop` into another namespace too.
fn copy_to(world: &World, namespace: &str) {
    for path in [SECRET, BROKER, SOURCE] {
        let mut object = world.cluster.get(path).unwrap();
        object["metadata"] = json!({
            "name": object["metadata"]["name"],
            "namespace": namespace,
            "uid": format!("uid-in-{namespace}"),
        });
        world.cluster.put(&elsewhere(path, namespace), object);
    }
}

fn elsewhere(path: &str, namespace: &str) -> String {
    path.replace("/shop/", &format!("/{namespace}/"))
}

#[tokio::test]
async fn controller_of_two_namespaces_reads_nothing_in_a_third() {
    let world = World::start().await;
    for namespace in ["bakery", "strangers"] {
        copy_to(&world, namespace);
    }
    let _deployments = world.cluster.run_deployments(Duration::from_millis(10));
    let watched_namespaces: WatchedNamespaces = "shop,bakery".parse().unwrap();
    let (ctx, inputs) = context_in(&world.cluster, watched_namespaces);
    let stop = CancellationToken::new();
    let running = tokio::spawn(controller::run(ctx, inputs, 4, stop.clone()));
    let is = |namespace: &str, type_: &str, status: &str| {
        let source = world.cluster.get(&elsewhere(SOURCE, namespace)).unwrap();
        condition(&source, type_)["status"] == status
    };
    for namespace in ["shop", "bakery"] {
        eventually("ready", || is(namespace, "Ready", "True")).await;
    }

    // Each of the watches is at work.
    for namespace in ["shop", "bakery"] {
        let secret = elsewhere(SECRET, namespace);
        world.cluster.remove(&secret);
        eventually("no secret", || {
            is(namespace, "CredentialsProvided", "False")
        })
        .await;
        world.cluster.remove(&elsewhere(BROKER, namespace));
        eventually("no sink", || is(namespace, "SinkProvided", "False")).await;
        let source = elsewhere(SOURCE, namespace);
        world.cluster.change(&source, |source| {
            source["spec"]["deletionPolicy"] = json!("Retain");
            source["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        });
        eventually("gone", || world.cluster.get(&source).is_none()).await;
    }
    stop.cancel();
    timeout(LONG, running).await.expect("it ends").unwrap();

    let strangers = world.cluster.get(&elsewhere(SOURCE, "strangers")).unwrap();
    assert_eq!(strangers["status"], Value::Null);
    let wide: Vec<_> = world
        .cluster
        .calls()
        .into_iter()
        .filter(|call| call.resource() != "discovery")
        .map(|call| call.path)
        .filter(|path| !path.contains("/shop/") && !path.contains("/bakery/"))
        .filter(|path| !path.ends_with("/customresourcedefinitions"))
        // Knative's settings for all event sources.
        .filter(|path| path != "/api/v1/namespaces/knative-eventing/configmaps")
        .collect();
    assert_eq!(wide, [""; 0]);
}
