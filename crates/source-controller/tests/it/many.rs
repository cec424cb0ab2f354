//! Many sources at once: none holds up another, and a quiet cluster is not written to.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use source_controller::controller;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::cloud::{ACCOUNT, KEY_ID, KEY_SECRET, REGION};
use crate::support::cluster::Cluster;
use crate::support::fixture::{BROKER, SOURCE, World, context, modern_spec};

const LONG: Duration = Duration::from_mins(1);
const CONCURRENCY: u16 = 8;

fn put_secret(cluster: &Cluster, name: &str, url: &str) {
    let document = json!({
        "url": url, "accessKeyId": KEY_ID, "accessKeySecret": KEY_SECRET,
        "accountId": ACCOUNT, "region": REGION,
    });
    let secret = json!({
        "metadata": {"name": name, "namespace": "shop"},
        "data": {"mns": STANDARD.encode(document.to_string())},
    });
    cluster.put(&format!("/api/v1/namespaces/shop/secrets/{name}"), secret);
}

fn path(name: &str) -> String {
    SOURCE.replace("photos", name)
}

fn put_source(cluster: &Cluster, name: &str, secret: &str) {
    let mut spec = modern_spec();
    spec["accessToken"]["secretKeyRef"]["name"] = json!(secret);
    let source = json!({
        "apiVersion": "sources.eventing.knative.dev/v1alpha1",
        "kind": "MnsOssSource",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-of-{name}")},
        "spec": spec,
    });
    cluster.put(&path(name), source);
}

/// How many of these sources have a queue.
fn supplied(cluster: &Cluster, names: &[String]) -> usize {
    let has_queue = |source: &Value| {
        let conditions = source["status"]["conditions"].as_array().cloned();
        let mut conditions = conditions.unwrap_or_default().into_iter();
        conditions.any(|it| it["type"] == "QueueReady" && it["status"] == "True")
    };
    let sources = names.iter().filter_map(|name| cluster.get(&path(name)));
    sources.filter(has_queue).count()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < LONG, "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn sources_of_a_silent_account_do_not_hold_up_the_others() {
    let world = World::empty().await;
    world.put_broker();
    // Takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    put_secret(&world.cluster, "silent", &silent_url);
    put_secret(&world.cluster, "well", &world.cloud.url);
    let names: Vec<_> = (0..30).map(|number| format!("well-{number}")).collect();
    for number in 0..90 {
        put_source(&world.cluster, &format!("a-silent-{number}"), "silent");
    }
    for name in &names {
        put_source(&world.cluster, name, "well");
    }
    let (ctx, watches) = context(&world.cluster);
    let stop = CancellationToken::new();
    let started = Instant::now();
    let running = tokio::spawn(controller::run(ctx, watches, CONCURRENCY, stop.clone()));
    until("queues", || supplied(&world.cluster, &names) == names.len()).await;
    // One deadline for all that came first; one after the other would take a minute.
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    stop.cancel();
    timeout(LONG, running).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn sources_at_rest_are_looked_at_but_not_written_to() {
    let world = World::empty().await;
    world.put_broker();
    put_secret(&world.cluster, "well", &world.cloud.url);
    let names: Vec<_> = (0..60).map(|number| format!("well-{number}")).collect();
    for name in &names {
        put_source(&world.cluster, name, "well");
    }
    let (ctx, watches) = context(&world.cluster);
    let stop = CancellationToken::new();
    let running = tokio::spawn(controller::run(ctx, watches, CONCURRENCY, stop.clone()));
    until("queues", || supplied(&world.cluster, &names) == names.len()).await;
    // What was made for each is told in three events, the last of all that is written.
    let events = "/apis/events.k8s.io/v1/namespaces/shop/events/";
    until("events", || {
        world.cluster.under(events).len() == 3 * names.len()
    })
    .await;
    world.cluster.calls();

    // The sink is touched, and so every source is looked at.
    world.cluster.change(BROKER, |broker| {
        broker["metadata"]["labels"] = json!({"a": "b"});
    });
    let mut calls = Vec::new();
    until("a look at each", || {
        calls.extend(world.cluster.calls());
        names
            .iter()
            .all(|name| calls.iter().any(|call| call.path == path(name)))
    })
    .await;
    stop.cancel();
    timeout(LONG, running).await.expect("it ends").unwrap();
    calls.extend(world.cluster.calls());
    let writes: Vec<_> = calls
        .iter()
        .filter(|call| call.method != http::Method::GET)
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
}
