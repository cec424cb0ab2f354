//! The end of a source, which never hangs.

use emulator::faults::Kind;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use mns::QueueAttributes;
use serde_json::json;

use crate::support::cluster::line;
use crate::support::fixture::{SECRET, SOURCE, TOPIC, World, context};

/// Asks for the source's deletion, as its user does, so long ago.
fn delete(world: &World, ago: SignedDuration) {
    let at = Timestamp::now() - ago;
    world.cluster.change(SOURCE, |source| {
        source["metadata"]["deletionTimestamp"] =
            json!(at.round(jiff::Unit::Second).unwrap().to_string());
    });
    world.cluster.calls();
}

fn is_let_go(world: &World) -> bool {
    world.cluster.get(SOURCE).is_none()
}

#[tokio::test]
async fn deleted_source_leaves_nothing_in_mns() {
    let world = World::start().await;
    world.settle_ready().await;
    world
        .cloud
        .queue("theirs")
        .create(&QueueAttributes::default())
        .await
        .unwrap();
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    let calls: Vec<_> = world.cluster.calls().iter().map(line).collect();
    insta::assert_snapshot!(calls.join("\n"), @r"
    GET secrets/mnsoss-secret
    PATCH /mnsosssources/photos (merge)
    ");
    assert!(is_let_go(&world));
    assert_eq!(world.cloud.queues().await, ["theirs"]);
    assert_eq!(world.cloud.subscriptions(TOPIC).await, [""; 0]);
}

#[tokio::test]
async fn others_finalizers_stay() {
    let world = World::start().await;
    world.settle_ready().await;
    world.cluster.change(SOURCE, |source| {
        source["metadata"]["finalizers"]
            .as_array_mut()
            .unwrap()
            .insert(0, json!("example.com/other"));
    });
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    assert_eq!(
        world.source()["metadata"]["finalizers"],
        json!(["example.com/other"])
    );
    // Reconciles until the other one is removed do nothing.
    world.cluster.calls();
    world.reconcile().await.unwrap();
    assert!(world.cluster.calls().is_empty());
}

#[tokio::test]
async fn source_whose_status_was_never_written_leaves_nothing_either() {
    let world = World::start().await;
    world.settle_ready().await;
    world
        .cluster
        .change(SOURCE, |source| source["status"] = json!(null));
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
    assert_eq!(world.cloud.queues().await, [""; 0]);
}

#[tokio::test]
async fn secret_that_went_first_costs_nothing() {
    let world = World::start().await;
    world.settle_ready().await;
    world.cluster.remove(SECRET);
    world.settle().await;
    assert_eq!(world.ready(), "False", "it was seen without a secret");
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
    assert_eq!(world.cloud.queues().await, [""; 0]);
    assert_eq!(world.cloud.subscriptions(TOPIC).await, [""; 0]);
}

#[tokio::test]
async fn secret_that_became_useless_before_it_went_costs_nothing_either() {
    let world = World::start().await;
    world.settle_ready().await;
    world.put_secret("nobody", "secret");
    world.settle().await;
    world.put_secret_text("{}");
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
    assert_eq!(world.cloud.queues().await, [""; 0]);
}

/// The key is forgotten with its source: what comes back under the same uid is a stranger.
#[tokio::test]
async fn key_is_forgotten_with_its_source() {
    let world = World::start().await;
    world.settle_ready().await;
    let mut source = world.source();
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    world.cluster.remove(SECRET);
    source["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    world.cluster.put(SOURCE, source);
    let asked = world.cloud.calls();
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
    assert_eq!(world.cloud.calls(), asked);
    assert!(
        world
            .events()
            .contains("Warning SecretNotFound: left behind"),
        "{}",
        world.events()
    );
}

/// The controller was started after the Secret went, so it never saw the key.
#[tokio::test]
async fn source_without_a_known_key_is_finalized_with_a_warning() {
    let mut world = World::start().await;
    world.settle_ready().await;
    world.cluster.remove(SECRET);
    (world.ctx, world.inputs) = context(&world.cluster);
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
    insta::assert_snapshot!(world.events().lines().last().unwrap(), @"Warning SecretNotFound: left behind in MNS: subscription `mnsoss-shop-photos-319a766c722eca78` of topic `mns-en-topics-oss-photos-1`, queue `mnsoss-shop-photos-319a766c722eca78`; secret `mnsoss-secret` does not exist");
    assert_eq!(world.cloud.queues().await, [World::queue_name()]);
}

#[tokio::test]
async fn source_in_a_namespace_that_goes_is_let_go_though_no_event_is_taken() {
    let mut world = World::start().await;
    world.settle_ready().await;
    world.cluster.remove(SECRET);
    (world.ctx, world.inputs) = context(&world.cluster);
    let events = "/apis/events.k8s.io/v1/namespaces/shop/events";
    world.cluster.fail(Method::POST, events, 403, "Forbidden");
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
}

#[tokio::test]
async fn refused_key_does_not_hold_a_source() {
    let world = World::start().await;
    world.settle_ready().await;
    world.put_secret("nobody", "secret");
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
    insta::assert_snapshot!(world.events().lines().last().unwrap(), @"Warning AccessDenied: left behind in MNS: subscription `mnsoss-shop-photos-319a766c722eca78` of topic `mns-en-topics-oss-photos-1`, queue `mnsoss-shop-photos-319a766c722eca78`; MNS answered `InvalidAccessKeyId` to `Unsubscribe` of `topics/mns-en-topics-oss-photos-1/subscriptions/mnsoss-shop-photos-319a766c722eca78`");
}

#[tokio::test]
async fn outage_of_mns_is_waited_for_but_not_for_ever() {
    let world = World::start().await;
    world.settle_ready().await;
    let down = Kind::Error {
        status: 503,
        code: "ServiceUnavailable".to_owned(),
    };
    world.cloud.misbehave("*", down, None);
    delete(&world, SignedDuration::from_mins(4));
    let error = world.reconcile().await.unwrap_err();
    assert!(error.disposition().is_retryable(), "{error}");
    assert!(!is_let_go(&world));
    delete(&world, SignedDuration::from_mins(6));
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
    assert!(
        world
            .events()
            .contains("Warning MnsUnavailable: left behind in MNS"),
        "{}",
        world.events()
    );
}

#[tokio::test]
async fn outage_that_ends_in_time_costs_nothing() {
    let world = World::start().await;
    world.settle_ready().await;
    world
        .cloud
        .misbehave("*", Kind::Drop { after: true }, Some(1));
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap_err();
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
    assert_eq!(world.cloud.queues().await, [""; 0]);
}

#[tokio::test]
async fn retained_queue_stays() {
    let world = World::start().await;
    world.settle_ready().await;
    world.edit(|spec| spec["deletionPolicy"] = json!("Retain"));
    world.settle().await;
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    assert!(is_let_go(&world));
    assert_eq!(world.cloud.queues().await, [World::queue_name()]);
    assert_eq!(
        world.cloud.subscriptions(TOPIC).await,
        [World::queue_name()]
    );
}

#[tokio::test]
async fn source_that_retains_everything_never_waits_for_the_controller() {
    let world = World::start().await;
    world.edit(|spec| spec["deletionPolicy"] = json!("Retain"));
    world.settle_ready().await;
    assert_eq!(world.source()["metadata"]["finalizers"], json!(null));
}

#[tokio::test]
async fn names_in_the_status_that_are_not_ours_are_not_believed() {
    let world = World::start().await;
    world.settle_ready().await;
    world
        .cloud
        .queue("theirs")
        .create(&QueueAttributes::default())
        .await
        .unwrap();
    world
        .cluster
        .change(SOURCE, |source| source["status"]["queue"] = json!("theirs"));
    delete(&world, SignedDuration::ZERO);
    world.reconcile().await.unwrap();
    assert_eq!(world.cloud.queues().await, ["theirs"]);
}

#[tokio::test]
async fn source_that_is_gone_needs_nothing() {
    let world = World::start().await;
    world.reconcile().await.unwrap();
    // The cached version may be older than the last write.
    let mut source = world.source();
    source["metadata"]["resourceVersion"] = json!("somebody else's");
    world.cluster.remove(SOURCE);
    let source = serde_json::from_value(source).unwrap();
    world.cluster.calls();
    let reconcile =
        source_controller::reconcile::reconcile(std::sync::Arc::new(source), world.ctx.clone());
    assert_eq!(
        reconcile.await.unwrap(),
        kube::runtime::controller::Action::await_change()
    );
    assert_eq!(world.cluster.calls().len(), 1);
}
