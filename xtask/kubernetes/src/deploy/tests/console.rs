//! The bucket's cross-origin rule for the console's page, against the emulator.

use emulator::settings::Settings;
use emulator::{Addresses, Emulator};
use http::Method;
use oss::{Addressing, Bucket, Client, CorsRule, Endpoint};
use serde_json::json;
use signing::Credentials;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::super::console::{allow, by_hand, open, origins};
use super::cluster::FakeCluster;
use super::*;

const SERVICE: &str = "/apis/serving.knative.dev/v1/namespaces/default/services/photo-console";
const SECRET: &str = "/api/v1/namespaces/default/secrets/mnsoss-secret";

async fn emulator() -> Addresses {
    let credentials = Credentials::new("LTAI5tTest", "test-secret");
    let emulator = Emulator::bind(Settings::default(), credentials)
        .await
        .unwrap();
    let addresses = emulator.addresses();
    tokio::spawn(emulator.serve(CancellationToken::new()));
    addresses
}

fn settings(addresses: &Addresses) -> Config {
    let file = format!(
        "console.enabled = true\nconsole.origins = 'https://photos.example.com'\n\
         oss.endpoint = 'http://{}'\noss.addressing = 'path'",
        addresses.oss
    );
    Config::load(&file, |_| None).unwrap()
}

fn bucket(addresses: &Addresses) -> Bucket {
    let url = Url::parse(&format!("http://{}", addresses.oss)).unwrap();
    let endpoint = Endpoint::new(&url, Addressing::Path, "cn-shanghai".parse().unwrap()).unwrap();
    let credentials = Credentials::new("LTAI5tTest", "test-secret");
    let client = Client::builder(endpoint, credentials).build().unwrap();
    client.bucket("face-image".parse().unwrap())
}

/// A cluster in which the console is ready, with this key in the sample's Secret.
async fn cluster(secret: &str) -> (FakeCluster, Cluster) {
    let document =
        json!({"url": "http://mns", "accessKeyId": "LTAI5tTest", "accessKeySecret": secret});
    let document = k8s_openapi::ByteString(document.to_string().into_bytes());
    let fake = FakeCluster::new();
    fake.put(
        SECRET,
        json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "mnsoss-secret", "namespace": "default"}, "data": {"mns": document}}),
    );
    fake.put(
        SERVICE,
        json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {"name": "photo-console", "namespace": "default"}}),
    );
    let cluster = Cluster::discover(fake.client()).await.unwrap();
    (fake, cluster)
}

#[tokio::test]
async fn the_rule_is_added_once_and_for_every_address_of_the_page() {
    let addresses = emulator().await;
    let (_fake, cluster) = cluster("test-secret").await;
    let config = settings(&addresses);
    let bucket = bucket(&addresses);
    bucket.create().await.unwrap();
    let theirs = CorsRule {
        origins: vec!["https://theirs.example.com".to_owned()],
        methods: vec![Method::PUT],
        ..CorsRule::default()
    };
    assert!(bucket.add_cors_rule(&theirs).await.unwrap());
    let rule = testbed::console_rule(origins(&cluster, &config).await.unwrap());
    assert_eq!(
        rule.origins,
        [
            "http://photo-console.default.example.com",
            "https://photos.example.com"
        ]
    );
    assert!(allow(&cluster, &config, &rule).await.unwrap());
    assert!(!allow(&cluster, &config, &rule).await.unwrap());
    assert!(
        !bucket.add_cors_rule(&theirs).await.unwrap(),
        "theirs stays"
    );
    open(&cluster, &config, &Progress::hidden()).await.unwrap();
}

#[tokio::test]
async fn keys_without_the_permission_are_reported_with_what_to_do() {
    let addresses = emulator().await;
    let (_fake, cluster) = cluster("another").await;
    let config = settings(&addresses);
    bucket(&addresses).create().await.unwrap();
    let rule = testbed::console_rule(vec!["https://photos.example.com".to_owned()]);
    let error = allow(&cluster, &config, &rule).await.unwrap_err();
    let told = by_hand("face-image", &rule, &error);
    for part in [
        "the CORS rule of bucket `face-image` could not be set (",
        "SignatureDoesNotMatch",
        "the keys need oss:GetBucketCors and oss:PutBucketCors",
        "origins https://photos.example.com; methods GET, HEAD, POST; headers *; exposed headers ETag, x-oss-request-id",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Everything else is deployed all the same.
    open(&cluster, &config, &Progress::hidden()).await.unwrap();
}
