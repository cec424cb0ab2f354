//! Many sources at once: none holds up another.

use std::time::Duration;

use serde_json::Value;
use source_controller::controller;
use testbed::eventually;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::cluster::Cluster;
use crate::support::fixture::{World, condition, context};
use crate::support::fleet::{path, put_secret, put_source};

const LONG: Duration = Duration::from_mins(1);
const CONCURRENCY: u16 = 8;

/// How many of these sources have a queue.
fn supplied(cluster: &Cluster, names: &[String]) -> usize {
    let has_queue = |source: &Value| condition(source, "QueueReady")["status"] == "True";
    let sources = names.iter().filter_map(|name| cluster.get(&path(name)));
    sources.filter(has_queue).count()
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
    let (ctx, inputs) = context(&world.cluster);
    let stop = CancellationToken::new();
    let started = Instant::now();
    let running = tokio::spawn(controller::run(ctx, inputs, CONCURRENCY, stop.clone()));
    eventually("queues", || supplied(&world.cluster, &names) == names.len()).await;
    // One deadline for all that came first; one after the other would take a minute.
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    stop.cancel();
    timeout(LONG, running).await.expect("it ends").unwrap();
}
