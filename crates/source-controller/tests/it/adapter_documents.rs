//! The adapter's Deployment as a document, and whether the adapter can parse its variables.

use std::ffi::{OsStr, OsString};

use serde_json::{Value, json};
use service::settings::parse_from;

use crate::support::fixture::World;

#[tokio::test]
async fn deployment_of_a_plain_source() {
    let world = World::start().await;
    world.settle().await;
    let mut deployment = world.deployment();
    let metadata = deployment["metadata"].as_object_mut().unwrap();
    metadata.retain(|name, _| {
        ["name", "namespace", "labels", "ownerReferences"].contains(&name.as_str())
    });
    let text = deployment
        .to_string()
        .replace(&world.cloud.url, "http://mns.test");
    let deployment: Value = serde_json::from_str(&text).unwrap();
    insta::assert_json_snapshot!(deployment);
}

#[tokio::test]
async fn everything_that_a_source_can_say_reaches_the_adapter() {
    let world = World::start().await;
    world.edit(|spec| {
        spec["payload"] = json!("Base64");
        spec["specVersion"] = json!("0.2");
        spec["serviceAccountName"] = json!("mnsoss-sa");
        spec["ceOverrides"] = json!({"extensions": {"team": "$(NAME)"}});
        spec["filter"] = json!({"eventNames": ["ObjectCreated:*", "ObjectRemoved:DeleteObject"], "keyPrefix": "in/", "keySuffix": ".jpg"});
        spec["delivery"] = json!({
            "retry": 5, "backoffPolicy": "linear", "backoffDelay": "PT2S", "timeout": "PT1M",
            "retryAfterMax": "PT5M", "format": "json", "deadLetterSink": {"uri": "https://dead.test/"},
        });
        spec["template"] = json!({
            "labels": {"team": "a"},
            "annotations": {"prometheus.io/scrape": "true"},
            "resources": {"limits": {"cpu": "1000m"}},
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "spot", "operator": "Exists"}],
        });
    });
    world.settle().await;
    let template = world.deployment()["spec"]["template"].clone();
    let text = template
        .to_string()
        .replace(&world.cloud.url, "http://mns.test");
    let template: Value = serde_json::from_str(&text).unwrap();
    insta::assert_json_snapshot!(template["metadata"], @r#"
    {
      "annotations": {
        "prometheus.io/scrape": "true",
        "sidecar.istio.io/inject": "true"
      },
      "labels": {
        "eventing.knative.dev/source": "mnsoss-source-controller",
        "eventing.knative.dev/sourceName": "photos",
        "sidecar.istio.io/inject": "true",
        "team": "a"
      }
    }
    "#);
    let env = &template["spec"]["containers"][0]["env"];
    let lines: Vec<_> = env
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            format!(
                "{}={}",
                it["name"].as_str().unwrap(),
                it["value"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    NAMESPACE=shop
    NAME=photos
    K_RESOURCE_GROUP=mnsosssources.sources.eventing.knative.dev
    K_COMPONENT=mnsosssource
    K_SINK=http://broker-ingress.knative-eventing.svc.cluster.local/shop/default
    K_CE_OVERRIDES={"extensions":{"team":"$$(NAME)"}}
    PAYLOAD=Base64
    SPEC_VERSION=0.2
    MNS_ENDPOINT=http://mns.test
    MNS_QUEUE=mnsoss-shop-photos-319a766c722eca78
    MNS_ACCESS_TOKEN_FILE=/var/run/mnsoss/access-token
    DELIVERY_DEAD_LETTER_SINK=https://dead.test/
    DELIVERY_RETRY=5
    DELIVERY_BACKOFF_POLICY=linear
    DELIVERY_BACKOFF_DELAY=PT2S
    DELIVERY_TIMEOUT=PT1M
    DELIVERY_RETRY_AFTER_MAX=PT5M
    DELIVERY_FORMAT=json
    FILTER_EVENTS=ObjectCreated:*,ObjectRemoved:DeleteObject
    FILTER_KEY_PREFIX=in/
    FILTER_KEY_SUFFIX=.jpg
    ADAPTER_LISTEN=0.0.0.0:8080
    LOG_FORMAT=json
    RUST_LOG=info
    "#);
    let pod = &template["spec"];
    assert_eq!(pod["serviceAccountName"], "mnsoss-sa");
    assert_eq!(pod["nodeSelector"], json!({"disk": "ssd"}));
    assert_eq!(
        pod["tolerations"],
        json!([{"key": "spot", "operator": "Exists"}])
    );
    assert_eq!(
        pod["containers"][0]["resources"],
        json!({"limits": {"cpu": "1000m"}})
    );
}

/// Every variable that is set must be one that the adapter reads.
#[tokio::test]
async fn adapter_knows_every_variable() {
    let world = World::start().await;
    world.settle().await;
    let deployment = world.deployment();
    let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    let command = <source_adapter::Config as clap::CommandFactory>::command();
    let known: Vec<_> = command
        .get_arguments()
        .filter_map(|arg| arg.get_env()?.to_str())
        .collect();
    // Knative sets it, though the adapter need not read it.
    let extra = ["K_COMPONENT"];
    for variable in env.as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        assert!(known.contains(&name) || extra.contains(&name), "{name}");
    }
}

/// The settings of a source and those of the adapter are types of different crates, so a value
/// that is spelled differently would show only when a pod starts.
#[tokio::test]
async fn adapter_parses_every_value() {
    let table = [
        ("Json", "1.0", "exponential", "binary"),
        ("Base64", "0.3", "linear", "json"),
        ("Base64", "0.2", "linear", "json"),
    ];
    for (payload, spec_version, backoff_policy, format) in table {
        let world = World::start().await;
        world.edit(|spec| {
            spec["payload"] = json!(payload);
            spec["specVersion"] = json!(spec_version);
            spec["delivery"] = json!({
                "backoffPolicy": backoff_policy, "format": format, "backoffDelay": "PT0.5S",
                "timeout": "PT1M30S", "retryAfterMax": "PT5M",
            });
        });
        world.settle().await;
        let deployment = world.deployment();
        let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
        let lookup = |name: &OsStr| {
            let mut variables = env.as_array().unwrap().iter();
            let variable = variables.find(|variable| name == variable["name"].as_str().unwrap())?;
            Some(OsString::from(variable["value"].as_str().unwrap()))
        };
        let config = parse_from::<source_adapter::Config>(["source-adapter"], lookup);
        let error = config.err().map(|error| error.to_string());
        assert_eq!(
            error, None,
            "{payload} {spec_version} {backoff_policy} {format}"
        );
    }
}
