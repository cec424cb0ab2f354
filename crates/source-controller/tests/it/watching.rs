//! The controller as a whole: what wakes it.

use serde_json::json;

use crate::support::cloud::KEY_ID;
use crate::support::fixture::{BROKER, SECRET, SOURCE, TOPIC, World, deployment_path};
use crate::support::running::Running;

#[tokio::test]
async fn source_deployment_secret_and_sink_wake_the_controller() {
    let running = Running::start(World::start().await);
    running.until_ready().await;
    let world = &running.world;

    world.edit(|spec| spec["consumers"] = json!(2));
    running
        .until("an edit", |world| {
            world.deployment()["spec"]["replicas"] == 2
        })
        .await;

    world.cluster.remove(&deployment_path());
    running.until_ready().await;

    world.cluster.remove(SECRET);
    running
        .until("no secret", |world| {
            world.condition("CredentialsProvided")["status"] == "False"
        })
        .await;
    world.put_secret(KEY_ID, "secret");
    running
        .until("a secret", |world| world.ready() == "True")
        .await;

    world.cluster.change(BROKER, |broker| {
        broker["status"]["address"]["url"] = json!("http://elsewhere.test/");
    });
    running
        .until("a new address", |world| {
            world.variable("K_SINK").as_deref() == Some("http://elsewhere.test/")
        })
        .await;
    running.end().await;
}

#[tokio::test]
async fn late_sink_makes_the_source_ready_before_the_next_resync() {
    let world = World::start().await;
    world.cluster.remove(BROKER);
    let running = Running::start(world);
    running
        .until("no sink", |world| {
            world.condition("SinkProvided")["status"] == "False"
        })
        .await;
    running.world.put_broker();
    running.until_ready().await;
    running.end().await;
}

#[tokio::test]
async fn kind_that_is_installed_late_is_found() {
    let world = World::start().await;
    let discovery = "/apis/eventing.knative.dev/v1";
    let document = world.cluster.get(discovery).unwrap();
    world.cluster.remove(discovery);
    let running = Running::start(world);
    running
        .until("no kind", |world| {
            world.condition("SinkProvided")["reason"] == "NotFound"
        })
        .await;
    running.world.cluster.serve(discovery, document);
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let definition = json!({"metadata": {"name": "brokers.eventing.knative.dev"}});
    running.world.cluster.put(
        &format!("{definitions}/brokers.eventing.knative.dev"),
        definition,
    );
    running.until_ready().await;
    running.end().await;
}

#[tokio::test]
async fn watch_that_is_refused_does_not_silence_the_others() {
    let world = World::start().await;
    world
        .cluster
        .fail(http::Method::GET, "/api/v1/secrets", 403, "Forbidden");
    world.cluster.fail(
        http::Method::GET,
        "/apis/eventing.knative.dev/v1/brokers",
        403,
        "Forbidden",
    );
    let running = Running::start(world);
    running.until_ready().await;
    running.world.edit(|spec| spec["consumers"] = json!(2));
    running
        .until("an edit", |world| {
            world.deployment()["spec"]["replicas"] == 2
        })
        .await;
    running.end().await;
}

#[tokio::test]
async fn only_metadata_of_secrets_is_watched() {
    let running = Running::start(World::start().await);
    running.until_ready().await;
    let lists = running.world.cluster.calls().into_iter();
    let secrets: Vec<_> = lists
        .filter(|call| call.path == "/api/v1/secrets")
        .collect();
    assert!(!secrets.is_empty());
    for call in secrets {
        assert!(call.accept.contains("PartialObjectMetadata"), "{call:?}");
    }
    running.end().await;
}

#[tokio::test]
async fn deleted_source_is_let_go_and_forgotten() {
    let running = Running::start(World::start().await);
    running.until_ready().await;
    let world = &running.world;
    world.cluster.change(SOURCE, |source| {
        source["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    });
    running
        .until("let go", |world| world.cluster.get(SOURCE).is_none())
        .await;
    assert_eq!(world.cloud.queues().await, [""; 0]);
    running.end().await;
}

/// What the namespace controller does: it deletes what is in the namespace kind by kind, and
/// nothing new may be made there.
#[tokio::test]
async fn deleted_namespace_leaves_nothing_in_mns() {
    let running = Running::start(World::start().await);
    running.until_ready().await;
    let world = &running.world;
    for path in [
        "/apis/events.k8s.io/v1/namespaces/shop/events",
        &deployment_path(),
    ] {
        for method in [http::Method::POST, http::Method::PATCH] {
            world.cluster.fail(method, path, 403, "Forbidden");
        }
    }
    world.cluster.remove(SECRET);
    world.cluster.remove(&deployment_path());
    running
        .until("no secret", |world| {
            world.condition("CredentialsProvided")["status"] == "False"
        })
        .await;
    world.cluster.change(SOURCE, |source| {
        source["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    });
    running
        .until("let go", |world| world.cluster.get(SOURCE).is_none())
        .await;
    assert_eq!(world.cloud.queues().await, [""; 0]);
    assert_eq!(world.cloud.subscriptions(TOPIC).await, [""; 0]);
    running.end().await;
}

#[tokio::test]
async fn deployment_that_loses_its_owner_wakes_the_controller_then_and_when_it_goes() {
    let running = Running::start(World::start().await);
    running.until_ready().await;
    running.until_quiet().await;
    let world = &running.world;
    world.cluster.change(&deployment_path(), |deployment| {
        deployment["metadata"]["ownerReferences"] = json!([]);
    });
    running
        .until("refused", |world| {
            world.condition("Deployed")["reason"] == "NotOwned"
        })
        .await;
    running.until_quiet().await;
    world.cluster.remove(&deployment_path());
    running.until_ready().await;
    running.end().await;
}

/// A Deployment without our label is in no copy, so the API server is the one to object.
#[tokio::test]
async fn deployment_of_another_owner_is_found_when_its_name_is_taken() {
    let world = World::start().await;
    let path = deployment_path();
    world.cluster.put(
        &path,
        json!({"metadata": {"name": "theirs", "namespace": "shop"}}),
    );
    world
        .cluster
        .fail(http::Method::PATCH, &path, 409, "Conflict");
    let running = Running::start(world);
    running
        .until("refused", |world| {
            world.condition("Deployed")["reason"] == "NotOwned"
        })
        .await;
    running.end().await;
}
