//! The doctor of a deployment, with a cloud and with and without a cluster.

use clap::Parser;
use emulator::{Addresses, Emulator};
use signing::Credentials;
use source_controller::doctor::{CheckResult, DoctorReport};
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

async fn examine(config: &Config, fake: Option<&FakeCluster>) -> DoctorReport {
    let cluster = match fake {
        Some(fake) => Cluster::discover(fake.client()).await,
        None => Err(anyhow::anyhow!("there is none")),
    };
    examine_all(config, &rendered(config), cluster)
        .await
        .unwrap()
}

fn result<'a>(report: &'a DoctorReport, name: &str) -> &'a CheckResult {
    let found = report.0.iter().find(|check| check.name == name);
    &found.unwrap_or_else(|| panic!("{name}: {report}")).result
}

#[tokio::test]
async fn cloud_is_checked_without_a_cluster_too() {
    let world = World::start().await;
    world.make_bucket().await;
    for back_end in ["local", "dataplus", "facebody", "imm"] {
        let report = examine(&world.config(back_end, true), None).await;
        assert!(matches!(
            result(&report, "cluster"),
            CheckResult::Skipped(_)
        ));
        assert!(
            matches!(result(&report, "bucket"), CheckResult::Passed(_)),
            "{report}"
        );
        assert!(
            matches!(result(&report, "face API"), CheckResult::Passed(_)),
            "{report}"
        );
        let announcement = result(&report, "announcement");
        assert!(matches!(announcement, CheckResult::Failed(_)), "{report}");
    }
}

#[tokio::test]
async fn missing_keys_and_a_missing_bucket_are_reported() {
    let world = World::start().await;
    let report = examine(&world.config("local", false), None).await;
    assert!(
        matches!(result(&report, "credentials"), CheckResult::Failed(_)),
        "{report}"
    );
    let report = examine(&world.config("imm", true), None).await;
    for what in ["bucket", "face API"] {
        assert!(
            matches!(result(&report, what), CheckResult::Failed(_)),
            "{what}: {report}"
        );
    }
}

#[tokio::test]
async fn objects_of_the_cluster_are_counted_and_the_bad_ones_named() {
    let fake = FakeCluster::new();
    let world = World::start().await;
    let config = world.config("local", true);
    let report = examine(&config, Some(&fake)).await;
    let table = report.to_string();
    assert!(
        table.contains("is not there: run `cargo xtask deploy`"),
        "{table}"
    );

    // Deploying sleeps between its polls; the emulator's sockets need real time.
    tokio::time::pause();
    deploy_objects(&fake, rendered(&config)).await.unwrap();
    tokio::time::resume();
    let report = examine(&config, Some(&fake)).await;
    assert!(
        matches!(result(&report, "cluster"), CheckResult::Passed(_)),
        "{report}"
    );
    assert!(
        matches!(result(&report, "queue"), CheckResult::Failed(_)),
        "nothing created it"
    );
    // The keys are in the cluster by now.
    let report = examine(&world.config("local", false), Some(&fake)).await;
    assert!(
        matches!(result(&report, "credentials"), CheckResult::Passed(_)),
        "{report}"
    );

    fake.without("serving.knative.dev");
    let report = examine(&config, Some(&fake)).await;
    let CheckResult::Failed(text) = result(&report, "cluster") else {
        panic!("{report}");
    };
    assert!(text.contains("install Knative Serving"), "{text}");
}
