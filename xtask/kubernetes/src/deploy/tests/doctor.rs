//! The doctor of a deployment, with a cloud and with and without a cluster.

use clap::Parser;
use emulator::{Addresses, Emulator};
use signing::Credentials;
use source_controller::doctor::{Findings, Verdict};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::doctor::examine_all;
use super::*;

const KEY: (&str, &str) = ("owner", "secret");

#[derive(Parser)]
struct Words {
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// A deployment on an emulated cloud, which ends with the value.
struct World {
    addresses: Addresses,
    _stop: DropGuard,
}

impl World {
    async fn start() -> Self {
        let owner = Credentials::new(KEY.0, KEY.1);
        let emulator = Emulator::bind(emulator::settings::Settings::default(), owner);
        let emulator = emulator.await.unwrap();
        let addresses = emulator.addresses();
        let stop = CancellationToken::new();
        tokio::spawn(emulator.serve(stop.clone()));
        Self {
            addresses,
            _stop: stop.drop_guard(),
        }
    }

    fn config(&self, back_end: &str, has_keys: bool) -> Config {
        let Addresses {
            oss,
            mns,
            mns_open,
            face,
            ..
        } = &self.addresses;
        let settings = format!(
            "controller.private-endpoints = '127.0.0.0/8'
             mns.endpoint = 'http://{mns}'
             mns.open-endpoint = 'http://{mns_open}'
             mns.account-id = '1234567890123456'
             mns.region = 'cn-shanghai'
             oss.bucket = 'photos'
             oss.endpoint = 'http://{oss}'
             oss.addressing = 'path'
             face.backend = '{back_end}'
             face.imm-project = 'faces'
             face.endpoint = 'http://{face}'"
        );
        let lookup = |name: &str| match name {
            "ALIBABA_CLOUD_ACCESS_KEY_ID" if has_keys => Some(KEY.0.to_owned()),
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET" if has_keys => Some(KEY.1.to_owned()),
            _ => None,
        };
        Config::load(&settings, lookup).unwrap()
    }

    async fn make_bucket(&self) {
        let url = format!("http://{}", self.addresses.oss).parse().unwrap();
        let region = "cn-shanghai".parse().unwrap();
        let endpoint = oss::Endpoint::new(&url, oss::Addressing::Path, region).unwrap();
        let client = oss::Client::builder(endpoint, Credentials::new(KEY.0, KEY.1));
        let transport = transport::Transport::connect(&service::ConnectOptions::default());
        let client = client.build_on(transport.unwrap());
        let bucket = client.bucket("photos".parse().unwrap());
        bucket.create().await.unwrap();
    }
}

fn rendered(config: &Config) -> Vec<DynamicObject> {
    let words = Words::parse_from(["doctor"]);
    words.cluster.objects(config).unwrap()
}

async fn examine(config: &Config, fake: Option<&FakeCluster>) -> Findings {
    let cluster = match fake {
        Some(fake) => Cluster::discover(fake.client()).await,
        None => Err(anyhow::anyhow!("there is none")),
    };
    examine_all(config, &rendered(config), cluster)
        .await
        .unwrap()
}

fn verdict<'a>(findings: &'a Findings, what: &str) -> &'a Verdict {
    let found = findings.0.iter().find(|finding| finding.what == what);
    &found
        .unwrap_or_else(|| panic!("{what}: {findings}"))
        .verdict
}

#[tokio::test]
async fn without_a_cluster_the_cloud_is_examined_all_the_same() {
    let world = World::start().await;
    world.make_bucket().await;
    for back_end in ["local", "dataplus", "facebody", "imm"] {
        let findings = examine(&world.config(back_end, true), None).await;
        assert!(matches!(verdict(&findings, "cluster"), Verdict::Skipped(_)));
        assert!(
            matches!(verdict(&findings, "bucket"), Verdict::Fine(_)),
            "{findings}"
        );
        assert!(
            matches!(verdict(&findings, "face API"), Verdict::Fine(_)),
            "{findings}"
        );
        let announcement = verdict(&findings, "announcement");
        assert!(matches!(announcement, Verdict::Wrong(_)), "{findings}");
    }
}

#[tokio::test]
async fn missing_keys_and_a_missing_bucket_are_told() {
    let world = World::start().await;
    let findings = examine(&world.config("local", false), None).await;
    assert!(
        matches!(verdict(&findings, "credentials"), Verdict::Wrong(_)),
        "{findings}"
    );
    let findings = examine(&world.config("imm", true), None).await;
    for what in ["bucket", "face API"] {
        assert!(
            matches!(verdict(&findings, what), Verdict::Wrong(_)),
            "{what}: {findings}"
        );
    }
}

#[tokio::test]
async fn objects_of_the_cluster_are_counted_and_the_bad_ones_named() {
    let fake = FakeCluster::new();
    let world = World::start().await;
    let config = world.config("local", true);
    let findings = examine(&config, Some(&fake)).await;
    let table = findings.to_string();
    assert!(
        table.contains("is not there: run `cargo xtask deploy`"),
        "{table}"
    );

    // Deploying sleeps between its looks; the emulator's sockets need real time.
    tokio::time::pause();
    deploy_objects(&fake, rendered(&config)).await.unwrap();
    tokio::time::resume();
    let findings = examine(&config, Some(&fake)).await;
    assert!(
        matches!(verdict(&findings, "cluster"), Verdict::Fine(_)),
        "{findings}"
    );
    assert!(
        matches!(verdict(&findings, "queue"), Verdict::Wrong(_)),
        "nothing made it"
    );
    // The keys are in the cluster by now.
    let findings = examine(&world.config("local", false), Some(&fake)).await;
    assert!(
        matches!(verdict(&findings, "credentials"), Verdict::Fine(_)),
        "{findings}"
    );

    fake.without("serving.knative.dev");
    let findings = examine(&config, Some(&fake)).await;
    let Verdict::Wrong(text) = verdict(&findings, "cluster") else {
        panic!("{findings}");
    };
    assert!(text.contains("install Knative Serving"), "{text}");
}
