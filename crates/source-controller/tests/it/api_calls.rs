//! What a source costs the API server: how many calls until it is ready, and afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use fake_api_server::Call;
use source_controller::controller;
use testbed::eventually;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::fixture::{BROKER, World, condition, context};
use crate::support::fleet::{path, put_secret, put_source};

const LONG: Duration = Duration::from_mins(1);
const SOURCES: u32 = 20;
/// Long beside what the controller takes to look again.
const PODS_TAKE: Duration = Duration::from_secs(1);

fn is_ready(world: &World, name: &str) -> bool {
    let source = world.cluster.get(&path(name)).unwrap();
    condition(&source, "Ready")["status"] == "True"
}

/// Calls by verb and resource, one line each.
fn tally(calls: &[Call]) -> String {
    let mut tally: BTreeMap<String, u32> = BTreeMap::new();
    for call in calls {
        *tally
            .entry(format!("{} {}", call.verb(), call.resource()))
            .or_default() += 1;
    }
    let lines = tally.iter().map(|(what, count)| format!("{what}: {count}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn source_with_a_secret_and_a_sink_of_its_own_is_ready_within_twelve_calls() {
    let world = World::empty().await;
    let _deployments = world.cluster.run_deployments(PODS_TAKE);
    let names: Vec<_> = (0..SOURCES).map(|number| format!("s-{number}")).collect();
    world.put_broker();
    for name in &names {
        put_secret(&world.cluster, name, &world.cloud.url);
        put_source(&world.cluster, name, name);
        let mut broker = world.cluster.get(BROKER).unwrap();
        broker["metadata"] = serde_json::json!({"name": name, "namespace": "shop"});
        world.cluster.put(&BROKER.replace("default", name), broker);
        world.cluster.change(&path(name), |source| {
            source["spec"]["sink"]["ref"]["name"] = name.as_str().into();
        });
    }
    let (ctx, inputs) = context(&world.cluster);
    let stop = CancellationToken::new();
    let running = tokio::spawn(controller::run(ctx, inputs, 8, stop.clone()));
    eventually("ready", || names.iter().all(|name| is_ready(&world, name))).await;
    let events = "/apis/events.k8s.io/v1/namespaces/shop/events/";
    eventually("events", || {
        world.cluster.under(events).len() == 4 * names.len()
    })
    .await;
    let calls = world.cluster.calls();
    let of_sources = calls
        .iter()
        .filter(|call| !matches!(call.verb(), "list" | "watch"));
    let of_sources = of_sources
        .filter(|call| call.resource() != "discovery")
        .count();
    assert!(
        of_sources <= 12 * names.len(),
        "{of_sources}\n{}",
        tally(&calls)
    );

    // Every sink is touched, so every source is looked at, and is found in order.
    for name in &names {
        world
            .cluster
            .change(&BROKER.replace("default", name), |broker| {
                broker["metadata"]["labels"] = serde_json::json!({"a": "b"});
            });
    }
    let mut calls = Vec::new();
    eventually("a look at each", || {
        calls.extend(world.cluster.calls());
        calls
            .iter()
            .filter(|call| call.resource() == "brokers")
            .count()
            >= names.len()
    })
    .await;
    stop.cancel();
    timeout(LONG, running).await.expect("it ends").unwrap();
    calls.extend(world.cluster.calls());
    let writes: Vec<_> = calls
        .iter()
        .filter(|call| call.is_write())
        .cloned()
        .collect();
    assert!(writes.is_empty(), "{}", tally(&writes));
}
