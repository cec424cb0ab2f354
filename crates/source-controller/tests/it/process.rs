//! The whole process but for its way to the cluster: health, taking turns, and its end.

use std::future::ready;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser as _;
use serde_json::json;
use source_controller::{Args, run_with};
use testbed::{Progress, poll_until};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::scaler;
use crate::support::cloud::{ACCOUNT, KEY_ID, KEY_SECRET, REGION};
use crate::support::fixture::{World, deployment_path};

const LONG: Duration = Duration::from_mins(1);
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/home/leases/mnsoss-source-controller";

struct Process {
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    announced: PathBuf,
    _directory: tempfile::TempDir,
}

impl Process {
    fn start(world: &World, identity: &str) -> Self {
        let flags = ["--allow-private-endpoints=127.0.0.0/8"];
        Self::start_with(world, identity, &flags)
    }

    fn start_with(world: &World, identity: &str, more: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let announced = directory.path().join("addresses.json");
        let announce = announced.to_str().unwrap();
        let flags = [
            "source-controller",
            "--adapter-image=example.com/source:1",
            "--listen=127.0.0.1:0",
            "--identity",
            identity,
            "--announce",
            announce,
        ];
        let args = Args::try_parse_from(flags.iter().chain(more)).unwrap();
        let stop = CancellationToken::new();
        let (client, stopped) = (world.cluster.client(), stop.clone());
        let running = tokio::spawn(async move { run_with(client, "home", args, stopped).await });
        Self {
            stop,
            running,
            announced,
            _directory: directory,
        }
    }

    /// Where a listener of this name listens.
    async fn address(&self, name: &str) -> String {
        let addresses = eventually("an address", || {
            std::fs::read_to_string(&self.announced).ok()
        })
        .await;
        let addresses: serde_json::Value = serde_json::from_str(&addresses).unwrap();
        addresses[name].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> String {
        let url = format!("http://{}{path}", self.address("http").await);
        let client = service::http_client(&service::ConnectOptions::default()).unwrap();
        client.get(url).send().await.unwrap().text().await.unwrap()
    }

    async fn end(self) {
        self.stop.cancel();
        timeout(LONG, self.running)
            .await
            .expect("it ends")
            .unwrap()
            .unwrap();
    }
}

async fn eventually<T>(what: &str, found: impl Fn() -> Option<T>) -> T {
    let look = || {
        let seen = found().map_or_else(|| Progress::Pending("nothing".to_owned()), Progress::Done);
        ready(Ok(seen))
    };
    poll_until(what, LONG, look).await.unwrap()
}

fn holder(world: &World) -> Option<String> {
    let lease = world.cluster.get(LEASE)?;
    lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn one_works_the_other_stands_by_and_goes_on_at_once() {
    let world = World::start().await;
    let first = Process::start(&world, "first");
    eventually("a leader", || holder(&world)).await;
    let second = Process::start(&world, "second");
    eventually("an adapter", || world.cluster.get(&deployment_path())).await;
    assert_eq!(holder(&world).as_deref(), Some("first"));
    for (process, leader) in [(&first, "1"), (&second, "0")] {
        assert_eq!(process.get("/health").await, "ok\n");
        assert_eq!(process.get("/readiness").await, "ready\n");
        let metrics = process.get("/metrics").await;
        assert!(
            metrics.contains(&format!("source_controller_leader {leader}")),
            "{metrics}"
        );
    }
    assert!(
        first
            .get("/metrics")
            .await
            .contains(r#"source_controller_writes_total{object="Deployment"} 1"#)
    );

    first.end().await;
    eventually("the second", || {
        holder(&world).filter(|holder| holder == "second")
    })
    .await;
    world.cluster.remove(&deployment_path());
    eventually("an adapter again", || world.cluster.get(&deployment_path())).await;
    second.end().await;
    assert_eq!(holder(&world), None);
}

#[tokio::test]
async fn process_that_stands_by_answers_keda_too() {
    let world = World::start().await;
    let flags = [
        "--allow-private-endpoints=127.0.0.0/8",
        "--scaler-listen=127.0.0.1:0",
        "--scaler-address=scaler.test:9090",
    ];
    let first = Process::start_with(&world, "first", &flags);
    eventually("an adapter", || world.cluster.get(&deployment_path())).await;
    let second = Process::start_with(&world, "second", &flags);
    for process in [&first, &second] {
        let mut keda = scaler::connect(&process.address("scaler").await).await;
        let answer = keda.is_active(scaler::photos()).await.unwrap();
        assert!(!answer.into_inner().result);
        assert_eq!(process.get("/readiness").await, "ready\n");
        let metrics = process.get("/metrics").await;
        let counted = r#"source_controller_scaler_calls_total{outcome="Success"} 1"#;
        assert!(metrics.contains(counted), "{metrics}");
    }
    assert_eq!(holder(&world).as_deref(), Some("first"));
    second.end().await;
    first.end().await;
}

#[tokio::test]
async fn queues_are_queried_for_their_backlog_only_after_a_scrape() {
    let world = World::start().await;
    let process = Process::start(&world, "first");
    eventually("an adapter", || world.cluster.get(&deployment_path())).await;
    let queue = world.cloud.queues().await.remove(0);
    let message = mns::SendMessage::new("a notification");
    world.cloud.queue(&queue).send(&message).await.unwrap();
    let peeks = || world.cloud.calls_of("PeekMessage");
    assert_eq!(peeks(), 0);

    let labels = r#"namespace_name="shop",name="photos""#;
    let waiting = format!("source_controller_queue_messages{{{labels},state=\"waiting\"}} 1\n");
    let age = format!("source_controller_queue_next_message_age_seconds{{{labels}}} ");
    poll_until("the backlog", LONG, || async {
        let page = process.get("/metrics").await;
        let is_shown = page.contains(&waiting) && page.contains(&age);
        Ok(Progress::of(is_shown, || page))
    })
    .await
    .unwrap();
    process.end().await;
}

#[tokio::test]
async fn leader_that_was_replaced_ends_with_an_error_so_that_it_is_started_anew() {
    let world = World::start().await;
    let process = Process::start(&world, "first");
    eventually("an adapter", || world.cluster.get(&deployment_path())).await;
    world.cluster.change(LEASE, |lease| {
        lease["spec"]["holderIdentity"] = "second".into();
    });
    let ended = timeout(LONG, process.running)
        .await
        .expect("it ends")
        .unwrap();
    assert_eq!(
        ended.unwrap_err().to_string(),
        "`second` has become the leader"
    );
    assert_eq!(holder(&world).as_deref(), Some("second"));
}

#[tokio::test]
async fn process_that_stands_by_ends_on_stop() {
    let world = World::start().await;
    let first = Process::start(&world, "first");
    eventually("a leader", || holder(&world)).await;
    Process::start(&world, "second").end().await;
    first.end().await;
}

/// Whoever may write a Secret could otherwise have the controller ask anybody in the cluster.
#[tokio::test]
async fn endpoint_that_is_not_public_is_not_asked_unless_it_is_allowed() {
    let world = World::start().await;
    let asked = world.cloud.calls();
    let process = Process::start_with(&world, "first", &[]);
    let refused = eventually("a refusal", || {
        let condition = world.condition("QueueReady");
        (condition["reason"] == "EndpointRefused").then_some(condition)
    })
    .await;
    assert_eq!(refused["status"], "False");
    let message = refused["message"].as_str().unwrap();
    let message = message.replace(&world.cloud.url, "http://mns.test");
    insta::assert_snapshot!(message, @"`http://mns.test` is not a public address: the controller refuses it unless ALLOW_PRIVATE_ENDPOINTS allows it");

    // A name is judged by the address that it leads to.
    let by_name = world.cloud.url.replace("127.0.0.1", "localhost");
    let document = json!({
        "url": by_name, "accessKeyId": KEY_ID, "accessKeySecret": KEY_SECRET,
        "accountId": ACCOUNT, "region": REGION,
    });
    world.put_secret_text(&document.to_string());
    eventually("no answer", || {
        (world.condition("QueueReady")["reason"] == "MnsUnavailable").then_some(())
    })
    .await;
    process.end().await;
    assert_eq!(world.cloud.calls(), asked);
}

/// With two crypto providers in the process, the TLS library would panic here.
#[tokio::test]
async fn way_to_a_cluster_over_tls_can_be_made() {
    let config = kube::Config::new("https://127.0.0.1:6443".parse().unwrap());
    kube::Client::try_from(config).unwrap();
}

#[test]
fn bad_arguments_are_refused_with_what_to_do() {
    let refused = |flags: &[&str]| Args::try_parse_from(flags).unwrap_err().to_string();
    let table = [
        (
            "no image",
            refused(&["source-controller"]),
            "--adapter-image <IMAGE>",
        ),
        (
            "nobody at work",
            refused(&["source-controller", "--adapter-image=x", "--concurrency=0"]),
            "1..=1024",
        ),
        (
            "no time",
            refused(&["source-controller", "--adapter-image=x", "--resync=0"]),
            "it must be 1 to 86400 seconds",
        ),
        (
            "no network",
            refused(&[
                "source-controller",
                "--adapter-image=x",
                "--allow-private-endpoints=10.0.0.0/8,localhost",
            ]),
            "`localhost` is not a network such as `10.0.0.0/8`",
        ),
        (
            "no domain",
            refused(&[
                "source-controller",
                "--adapter-image=x",
                "--allow-template-keys=com",
            ]),
            "`com` is neither a domain",
        ),
        (
            "scaler that nobody finds",
            refused(&[
                "source-controller",
                "--adapter-image=x",
                "--scaler-listen=0.0.0.0:9090",
            ]),
            "--scaler-address <HOST:PORT>",
        ),
        (
            "scaler without a port",
            refused(&[
                "source-controller",
                "--adapter-image=x",
                "--scaler-listen=0.0.0.0:9090",
                "--scaler-address=scaler.test",
            ]),
            "it must be a host and a port",
        ),
        (
            "no namespace",
            refused(&["source-controller", "--adapter-image=x", "--namespaces=*"]),
            "`*` is not the name of a namespace",
        ),
    ];
    for (name, error, expected) in table {
        assert!(error.contains(expected), "{name}: {error}");
    }
}
