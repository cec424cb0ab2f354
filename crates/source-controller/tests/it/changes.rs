//! A source whose spec, Secret, sink or things in MNS change.

use std::slice;
use std::time::Duration;

use mns::{
    PollingWait, QueueAttributes, Retention, SendMessage, TopicAttributes, VisibilityTimeout,
};
use serde_json::{Value, json};

use crate::support::cloud::{ACCOUNT, Cloud, KEY_ID, KEY_SECRET, REGION};
use crate::support::cluster::line;
use crate::support::fixture::{BROKER, SECRET, TOPIC, World, context, deployment_path};

#[tokio::test]
async fn edited_source_changes_its_adapter() {
    let world = World::start().await;
    world.settle_ready().await;
    world.edit(|spec| {
        spec["ceOverrides"] = json!({"extensions": {"team": "a"}});
        spec["consumers"] = json!(3);
    });
    world.reconcile().await.unwrap();
    assert_eq!(
        world.variable("K_CE_OVERRIDES").as_deref(),
        Some(r#"{"extensions":{"team":"a"}}"#)
    );
    assert_eq!(world.deployment()["spec"]["replicas"], 3);
    assert_eq!(world.ready(), "Unknown");
    assert_eq!(world.status()["observedGeneration"], 2);
    world.run_adapter();
    world.settle().await;
    assert_eq!(world.ready(), "True");
    assert_eq!(world.status()["consumers"], 3);
    // And back: the variable goes.
    world.edit(|spec| spec["ceOverrides"] = json!({}));
    world.reconcile().await.unwrap();
    let apply = world
        .cluster
        .calls()
        .into_iter()
        .rfind(|call| line(call).contains("deployments"));
    assert!(!apply.unwrap().body.to_string().contains("K_CE_OVERRIDES"));
}

#[tokio::test]
async fn rotated_key_changes_nothing_but_the_version_in_the_status() {
    let world = World::start().await;
    world.settle_ready().await;
    world.cloud.accept("rotated", "secret");
    world.cloud.revoke(KEY_ID);
    world.put_secret("rotated", "secret");
    let asked = world.cloud.calls();
    world.cluster.calls();
    world.reconcile().await.unwrap();
    assert_eq!(
        world.cluster.writes(),
        ["PATCH /mnsosssources/photos/status (apply)"]
    );
    assert_eq!(
        world.cloud.calls(),
        asked + 2,
        "the new key is tried at once"
    );
    assert_eq!(
        world.status()["secretResourceVersion"],
        secret_version(&world)
    );
    world.reconcile().await.unwrap();
    assert_eq!(world.cluster.writes(), [""; 0]);
}

fn secret_version(world: &World) -> Value {
    world.cluster.get(SECRET).unwrap()["metadata"]["resourceVersion"].clone()
}

/// Whoever changed a Secret waits for its version, because nothing else tells an old
/// condition from a new one.
#[tokio::test]
async fn status_names_the_version_of_the_secret_that_its_conditions_are_about() {
    let world = World::start().await;
    world.settle_ready().await;
    assert_eq!(
        world.status()["secretResourceVersion"],
        secret_version(&world)
    );
    let generation = world.source()["metadata"]["generation"].clone();

    world.put_secret("nobody", "secret");
    assert_eq!(world.ready(), "True", "the old condition");
    assert_ne!(
        world.status()["secretResourceVersion"],
        secret_version(&world)
    );
    world.settle().await;
    assert_eq!(world.ready(), "False");
    assert_eq!(
        world.status()["secretResourceVersion"],
        secret_version(&world)
    );
    assert_eq!(world.source()["metadata"]["generation"], generation);

    world.cluster.remove(SECRET);
    world.settle().await;
    assert_eq!(world.status()["secretResourceVersion"], Value::Null);
}

#[tokio::test]
async fn new_endpoint_in_the_secret_reaches_the_adapter() {
    let world = World::start().await;
    world.settle_ready().await;
    let by_name = world.cloud.url.replace("127.0.0.1", "localhost");
    let document = json!({
        "url": by_name, "accessKeyId": KEY_ID, "accessKeySecret": KEY_SECRET,
        "accountId": ACCOUNT, "region": REGION,
    });
    world.put_secret_text(&document.to_string());
    world.settle().await;
    assert_eq!(world.variable("MNS_ENDPOINT"), Some(by_name.clone()));
    assert_eq!(world.status()["endpoint"], by_name);
    assert_eq!(
        world.cloud.queues().await,
        [World::queue_name()],
        "the same account"
    );
}

#[tokio::test]
async fn renamed_topic_takes_the_subscription_along_and_keeps_the_queue() {
    let world = World::start().await;
    world.settle_ready().await;
    let queue = world.cloud.queue(&World::queue_name());
    let message = SendMessage::new("not delivered yet");
    queue.send(&message).await.unwrap();
    let other = world.cloud.topic("other");
    other.create(&TopicAttributes::default()).await.unwrap();

    world.edit(|spec| spec["topic"] = json!("other"));
    world.settle().await;
    assert_eq!(world.cloud.subscriptions(TOPIC).await, [""; 0]);
    assert_eq!(
        world.cloud.subscriptions("other").await,
        [World::queue_name()]
    );
    let kept = queue.receive(PollingWait::MIN).await.unwrap().unwrap();
    assert_eq!(kept.body, "not delivered yet");
    assert_eq!(world.status()["topic"], "other");
    assert_eq!(world.ready(), "True");
    assert!(
        world.events().contains("CleanedUp: removed subscription"),
        "{}",
        world.events()
    );
}

#[tokio::test]
async fn source_that_moves_to_a_given_queue_leaves_nothing_of_its_own() {
    let world = World::start().await;
    world.settle_ready().await;
    let theirs = world.cloud.queue("theirs");
    theirs.create(&QueueAttributes::default()).await.unwrap();
    world.edit(|spec| {
        spec.as_object_mut().unwrap().remove("topic");
        spec["queue"] = json!("theirs");
    });
    world.settle().await;
    world.run_adapter();
    world.settle().await;
    assert_eq!(world.cloud.queues().await, ["theirs"]);
    assert_eq!(world.cloud.subscriptions(TOPIC).await, [""; 0]);
    assert_eq!(world.variable("MNS_QUEUE").as_deref(), Some("theirs"));
    insta::assert_snapshot!(world.conditions(), @r"
    CredentialsProvided: True
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: True
    EventRuleReady: True EventRuleNotConfigured the source has no event rule
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: True
    Ready: True
    SinkProvided: True
    Subscribed: True QueueGiven the queue is filled by its owner; the controller creates no subscription
    ");

    // And back: the given queue is never removed.
    world.edit(|spec| {
        spec.as_object_mut().unwrap().remove("queue");
        spec["topic"] = json!(TOPIC);
    });
    world.settle().await;
    assert_eq!(
        world.cloud.queues().await,
        [World::queue_name(), "theirs".to_owned()]
    );
}

#[tokio::test]
async fn given_queue_is_neither_made_nor_changed() {
    let world = World::start().await;
    let theirs = world.cloud.queue("theirs");
    let attributes = QueueAttributes {
        visibility_timeout: Some(VisibilityTimeout::saturating(Duration::from_secs(7))),
        ..QueueAttributes::default()
    };
    theirs.create(&attributes).await.unwrap();
    world.edit(|spec| {
        spec.as_object_mut().unwrap().remove("topic");
        spec["queue"] = json!("theirs");
    });
    world.settle().await;
    let status = theirs.attributes().await.unwrap();
    assert_eq!(status.visibility_timeout, Some(Duration::from_secs(7)));
    assert_eq!(world.source()["metadata"]["finalizers"], json!(null));
}

#[tokio::test]
async fn changed_and_removed_things_in_mns_are_set_right() {
    let mut world = World::start().await;
    world.settle_ready().await;
    let name = World::queue_name();
    let (queue, topic) = (world.cloud.queue(&name), world.cloud.topic(TOPIC));
    let subscription = Cloud::subscription(&name);

    let drifted = QueueAttributes {
        message_retention: Some(Retention::saturating(Duration::from_mins(1))),
        ..QueueAttributes::default()
    };
    queue.set_attributes(&drifted).await.unwrap();
    (world.ctx, world.inputs) = context(&world.cluster);
    world.reconcile().await.unwrap();
    let status = queue.attributes().await.unwrap();
    assert_eq!(status.message_retention, Some(Duration::from_hours(96)));

    topic.unsubscribe(&subscription).await.unwrap();
    (world.ctx, world.inputs) = context(&world.cluster);
    world.reconcile().await.unwrap();
    assert_eq!(
        world.cloud.subscriptions(TOPIC).await,
        slice::from_ref(&name)
    );

    queue.delete().await.unwrap();
    (world.ctx, world.inputs) = context(&world.cluster);
    world.reconcile().await.unwrap();
    assert_eq!(world.cloud.queues().await, slice::from_ref(&name));

    topic.unsubscribe(&subscription).await.unwrap();
    let elsewhere = mns::Subscription::new("http://elsewhere.test/");
    topic.subscribe(&subscription, &elsewhere).await.unwrap();
    (world.ctx, world.inputs) = context(&world.cluster);
    world.reconcile().await.unwrap();
    let mended = topic.subscription_attributes(&subscription).await.unwrap();
    assert!(
        mended.endpoint.ends_with(&format!("queues/{name}")),
        "{mended:?}"
    );
    assert_eq!(world.ready(), "True");
}

#[tokio::test]
async fn sink_that_moves_takes_the_adapter_along() {
    let world = World::start().await;
    world.settle_ready().await;
    world.cluster.change(BROKER, |broker| {
        broker["status"]["address"]["url"] = json!("http://elsewhere.test/");
    });
    world.reconcile().await.unwrap();
    assert_eq!(
        world.variable("K_SINK").as_deref(),
        Some("http://elsewhere.test/")
    );
    assert_eq!(world.status()["sinkUri"], "http://elsewhere.test/");
}

#[tokio::test]
async fn reconciles_in_quick_succession_ask_mns_once() {
    let world = World::start().await;
    world.settle_ready().await;
    let asked = world.cloud.calls();
    for _ in 0..3 {
        world.reconcile().await.unwrap();
    }
    assert_eq!(world.cloud.calls(), asked);
    // A change of the source is another matter.
    world.edit(|spec| spec["consumers"] = json!(2));
    world.reconcile().await.unwrap();
    assert_eq!(world.cloud.calls(), asked + 2);
}

#[tokio::test]
async fn several_consumers_are_evicted_one_at_a_time() {
    let world = World::start().await;
    let budget = deployment_path()
        .replace("/apps/", "/policy/")
        .replace("deployments", "poddisruptionbudgets");
    world.settle_ready().await;
    assert_eq!(world.cluster.get(&budget), None, "a drain is not held up");

    world.edit(|spec| spec["consumers"] = json!(3));
    world.settle_ready().await;
    let found = world.cluster.get(&budget).unwrap();
    assert_eq!(found["spec"]["maxUnavailable"], 1);
    let pods = world.deployment()["spec"]["template"]["metadata"]["labels"].clone();
    let selected = found["spec"]["selector"]["matchLabels"]
        .as_object()
        .unwrap();
    assert!(!selected.is_empty());
    for (label, value) in selected {
        assert_eq!(pods[label], *value, "{label}");
    }
    assert_eq!(
        found["metadata"]["ownerReferences"],
        world.deployment()["metadata"]["ownerReferences"]
    );

    world.edit(|spec| spec["consumers"] = json!(1));
    world.settle_ready().await;
    assert_eq!(world.cluster.get(&budget), None);
}
