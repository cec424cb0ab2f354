//! What Knative's ConfigMaps say reaches the adapter.

use serde_json::{Value, json};

use crate::support::fixture::{World, deployment_path};
use crate::support::running::Running;

const CONFIG_MAPS: &str = "/api/v1/namespaces/knative-eventing/configmaps";

fn put(world: &World, name: &str, data: &Value) {
    let config_map = json!({
        "metadata": {"name": name, "namespace": "knative-eventing"},
        "data": data,
    });
    world
        .cluster
        .put(&format!("{CONFIG_MAPS}/{name}"), config_map);
}

#[tokio::test]
async fn adapters_follow_logging_and_observability() {
    let world = World::start().await;
    let example = "_example";
    put(
        &world,
        "config-logging",
        &json!({example: "long", "zap-logger-config": "{}", "loglevel.webhook": "debug"}),
    );
    put(
        &world,
        "config-observability",
        &json!({example: "long", "tracing-protocol": "none"}),
    );
    let running = Running::start(world);
    running.until_ready().await;
    running
        .until("both", |world| {
            let logging = world.variable("K_LOGGING_CONFIG");
            let observability = world.variable("K_OBSERVABILITY_CONFIG");
            logging.as_deref() == Some(r#"{"zap-logger-config":"{}"}"#)
                && observability.as_deref() == Some(r#"{"tracing-protocol":"none"}"#)
        })
        .await;
    put(
        &running.world,
        "config-observability",
        &json!({"tracing-protocol": "grpc"}),
    );
    running
        .until("a change", |world| {
            let observability = world.variable("K_OBSERVABILITY_CONFIG");
            observability.as_deref() == Some(r#"{"tracing-protocol":"grpc"}"#)
        })
        .await;
    running
        .world
        .cluster
        .remove(&format!("{CONFIG_MAPS}/config-observability"));
    running
        .until("gone", |world| {
            world.variable("K_OBSERVABILITY_CONFIG").is_none()
        })
        .await;
    running.end().await;
}

/// A controller that has just started does not know them yet; no pod is replaced for that, twice.
#[tokio::test]
async fn adapter_stays_as_it_is_while_they_are_not_known() {
    let world = World::start().await;
    world.settle_ready().await;
    assert_eq!(world.variable("K_LOGGING_CONFIG"), None);
    let text = r#"{"zap-logger-config":"{\"level\":\"$(X)\"}"}"#;
    put(
        &world,
        "config-logging",
        &json!({"zap-logger-config": r#"{"level":"$(X)"}"#}),
    );
    let mut running = Running::start(world);
    running
        .until("known", |world| {
            world.variable("K_LOGGING_CONFIG") == Some(text.replace("$(", "$$("))
        })
        .await;
    running.until_ready().await;
    running.world.restart();
    let before = running.world.deployment();
    running.world.settle().await;
    assert_eq!(running.world.deployment(), before);
    running.end().await;
}

#[tokio::test]
async fn condition_tells_a_feature_that_is_off_from_a_sink_without_an_audience() {
    let running = Running::start(World::start().await);
    running.until_ready().await;
    let is = |reason: &'static str| {
        move |world: &World| world.condition("OIDCIdentityCreated")["reason"] == reason
    };
    running
        .until("off", is("authentication-oidc feature disabled"))
        .await;
    put(
        &running.world,
        "config-features",
        &json!({"authentication-oidc": "enabled"}),
    );
    running
        .until("on", is("Sink has no audience defined"))
        .await;
    assert!(running.world.cluster.get(&deployment_path()).is_some());
    running.end().await;
}
