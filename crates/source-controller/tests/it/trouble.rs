//! What users and the world can do wrong, and what the controller makes of it: it says so,
//! does not spin, and goes on when it can.

use std::time::Duration;

use emulator::faults::Kind;
use http::Method;
use kube::runtime::controller::Action;
use mns::TopicAttributes;
use serde_json::json;

use crate::support::cloud::KEY_ID;
use crate::support::fixture::{SECRET, SOURCE, TOPIC, World, deployment_path};

/// Bounds of the pause until the next reconcile, in seconds, from how an `Action` prints.
fn pause(action: &Action) -> Duration {
    let shown = format!("{action:?}");
    let number = shown
        .split_once("Some(")
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(number, _)| number.to_owned());
    let number = number.unwrap_or_else(|| panic!("no pause in {shown}"));
    if let Some(ms) = number.strip_suffix("ms") {
        return Duration::from_secs_f64(ms.parse::<f64>().unwrap() / 1000.0);
    }
    Duration::from_secs_f64(number.trim_end_matches('s').parse().unwrap())
}

/// A permanent failure: reported once, and retried at the next resync.
async fn is_reported_once(world: &World, name: &str) {
    let action = world.reconcile().await.unwrap();
    let seconds = pause(&action).as_secs();
    assert!(
        (270..=330).contains(&seconds),
        "{name}: again after {seconds} s"
    );
    world.settle().await;
    world.reconcile().await.unwrap();
    assert_eq!(world.cluster.writes(), [""; 0], "{name}");
}

#[tokio::test]
async fn missing_secret_is_named_and_its_coming_noticed() {
    let world = World::start().await;
    world.cluster.remove(SECRET);
    is_reported_once(&world, "missing").await;
    insta::assert_snapshot!(world.conditions(), @r"
    CredentialsProvided: False SecretNotFound secret `mnsoss-secret` does not exist
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: Unknown WaitingForDependents the adapter's Deployment is created once sink, credentials and queue are ready
    EventRuleReady: True EventRuleNotConfigured the source has no event rule
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: Unknown CredentialsMissing cannot check the queue before MNS has accepted the credentials
    Ready: False SecretNotFound secret `mnsoss-secret` does not exist
    SinkProvided: True
    Subscribed: Unknown
    ");
    insta::assert_snapshot!(world.events(), @"Warning SecretNotFound: secret `mnsoss-secret` does not exist");
    assert_eq!(world.cloud.queues().await, [""; 0]);
    assert!(world.cluster.get(&deployment_path()).is_none());

    world.put_secret_text("{}");
    is_reported_once(&world, "malformed").await;
    insta::assert_snapshot!(world.condition("CredentialsProvided")["message"].as_str().unwrap(), @"secret `mnsoss-secret`, key `mns`: credentials document lacks `accessKeyId`");

    world.put_secret(KEY_ID, "secret");
    world.settle_ready().await;
}

#[tokio::test]
async fn secret_that_goes_leaves_a_running_adapter_alone() {
    let world = World::start().await;
    world.settle_ready().await;
    let deployment = world.deployment();
    world.cluster.remove(SECRET);
    world.settle().await;
    assert_eq!(world.ready(), "False");
    assert_eq!(world.deployment(), deployment);
    assert_eq!(
        world.status()["queue"],
        World::queue_name(),
        "it is still ours"
    );
}

#[tokio::test]
async fn refused_key_is_reported_and_not_retried_at_once() {
    let world = World::start().await;
    world.put_secret(KEY_ID, "wrong");
    is_reported_once(&world, "wrong secret").await;
    insta::assert_snapshot!(world.conditions(), @r"
    CredentialsProvided: False CredentialsRefused MNS answered `SignatureDoesNotMatch` to `GetQueueAttributes` of `queues/mnsoss-shop-photos-319a766c722eca78`
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: Unknown WaitingForDependents the adapter's Deployment is created once sink, credentials and queue are ready
    EventRuleReady: True EventRuleNotConfigured the source has no event rule
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: Unknown CredentialsMissing cannot check the queue before MNS has accepted the credentials
    Ready: False CredentialsRefused MNS answered `SignatureDoesNotMatch` to `GetQueueAttributes` of `queues/mnsoss-shop-photos-319a766c722eca78`
    SinkProvided: True
    Subscribed: Unknown
    ");
    world.put_secret("nobody", "secret");
    is_reported_once(&world, "unknown key").await;
    world.put_secret(KEY_ID, "secret");
    world.settle_ready().await;
}

#[tokio::test]
async fn missing_permissions_in_mns_are_reported_by_resource() {
    let world = World::start().await;
    let denied = Kind::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
    };
    world.cloud.misbehave("Subscribe", denied, None);
    is_reported_once(&world, "denied").await;
    insta::assert_snapshot!(world.conditions(), @r"
    CredentialsProvided: True
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: Unknown WaitingForDependents the adapter's Deployment is created once sink, credentials and queue are ready
    EventRuleReady: True EventRuleNotConfigured the source has no event rule
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: True
    Ready: False AccessDenied MNS answered `AccessDenied` to `Subscribe` of `topics/mns-en-topics-oss-photos-1/subscriptions/mnsoss-shop-photos-319a766c722eca78`
    SinkProvided: True
    Subscribed: False AccessDenied MNS answered `AccessDenied` to `Subscribe` of `topics/mns-en-topics-oss-photos-1/subscriptions/mnsoss-shop-photos-319a766c722eca78`
    ");
    world.cloud.behave();
    world.settle_ready().await;
}

#[tokio::test]
async fn outage_of_mns_is_no_failure_and_is_waited_for_longer_and_longer() {
    let world = World::start().await;
    world.settle_ready().await;
    let down = Kind::Error {
        status: 503,
        code: "ServiceUnavailable".to_owned(),
    };
    world.cloud.misbehave("*", down, None);
    world.edit(|spec| spec["consumers"] = json!(2));
    let mut pauses = Vec::new();
    for _ in 0..3 {
        pauses.push(pause(&world.reconcile().await.unwrap()).as_secs_f64());
    }
    assert!(
        pauses[0] < 3.0 && pauses[1] > pauses[0] && pauses[2] > pauses[1],
        "{pauses:?}"
    );
    insta::assert_snapshot!(world.conditions(), @r"
    CredentialsProvided: True
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: Unknown DeploymentUpdating the latest generation of deployment `mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d` is not observed yet
    EventRuleReady: True EventRuleNotConfigured the source has no event rule
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: Unknown MnsUnavailable MNS answered `ServiceUnavailable` to `GetQueueAttributes` of `queues/mnsoss-shop-photos-319a766c722eca78`
    Ready: Unknown MnsUnavailable MNS answered `ServiceUnavailable` to `GetQueueAttributes` of `queues/mnsoss-shop-photos-319a766c722eca78`
    SinkProvided: True
    Subscribed: True
    ");
    assert_eq!(
        world.deployment()["spec"]["replicas"],
        2,
        "the adapter is kept up to date"
    );
    world.cluster.calls();
    world.reconcile().await.unwrap();
    assert_eq!(world.cluster.writes(), [""; 0], "reported once");
    world.cloud.behave();
    world.settle_ready().await;
}

#[tokio::test]
async fn missing_topic_is_named() {
    let world = World::start().await;
    world.edit(|spec| spec["topic"] = json!("nowhere"));
    is_reported_once(&world, "no topic").await;
    insta::assert_snapshot!(world.condition("Subscribed")["message"].as_str().unwrap(), @"topic `nowhere` does not exist");
    assert!(
        world.cluster.get(&deployment_path()).is_none(),
        "no adapter without messages"
    );
}

#[tokio::test]
async fn missing_given_queue_is_named() {
    let world = World::start().await;
    world.edit(|spec| {
        spec.as_object_mut().unwrap().remove("topic");
        spec["queue"] = json!("nowhere");
    });
    is_reported_once(&world, "no queue").await;
    insta::assert_snapshot!(world.condition("QueueReady")["message"].as_str().unwrap(), @"queue `nowhere` does not exist");
    assert_eq!(world.cloud.queues().await, [""; 0]);
}

#[tokio::test]
async fn endpoint_without_account_is_explained() {
    let world = World::start().await;
    let url = &world.cloud.url;
    world.put_secret_text(&format!(
        r#"{{"url":"{url}","accessKeyId":"owner","accessKeySecret":"secret"}}"#
    ));
    is_reported_once(&world, "no account").await;
    insta::assert_snapshot!(world.condition("Subscribed")["message"].as_str().unwrap(), @"the endpoint does not name account and region: use `https://<account>.mns.<region>.aliyuncs.com`, or add `accountId` and `region` to the document in the Secret, or to the source");
}

#[tokio::test]
async fn refused_deployment_is_reported() {
    let world = World::start().await;
    world
        .cluster
        .fail(Method::PATCH, &deployment_path(), 422, "Invalid");
    let seconds = pause(&world.reconcile().await.unwrap()).as_secs();
    assert!((270..=330).contains(&seconds), "again after {seconds} s");
    let deployed = world.condition("Deployed");
    assert_eq!(deployed["reason"], "Invalid");
    assert_eq!(deployed["status"], "False");
}

/// The API server deletes what is in a namespace in an order of its own, the adapter often first.
#[tokio::test]
async fn nothing_is_told_of_a_source_whose_namespace_is_being_deleted() {
    let world = World::start().await;
    world.settle().await;
    world.cluster.remove(&deployment_path());
    let (path, cause) = (deployment_path(), "NamespaceTerminating");
    world.cluster.fail(Method::PATCH, &path, 403, cause);
    world.cluster.calls();
    let action = world.reconcile().await.unwrap();
    assert_eq!(action, Action::await_change());
    let writes = world.cluster.writes();
    assert!(
        writes.iter().all(|write| write.contains("/deployments/")),
        "{writes:?}"
    );
}

#[tokio::test]
async fn deployment_of_another_owner_is_not_changed() {
    let world = World::start().await;
    let theirs = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": deployment_path().rsplit_once('/').unwrap().1, "namespace": "shop"},
        "spec": {"selector": {}, "template": {}},
    });
    world.cluster.put(&deployment_path(), theirs);
    let before = world.deployment();
    is_reported_once(&world, "not ours").await;
    assert_eq!(world.condition("Deployed")["reason"], "NotOwned");
    assert_eq!(world.deployment(), before);
}

/// As with a definition from before there was a rule for it.
#[tokio::test]
async fn template_that_gives_orders_to_others_gets_no_adapter() {
    for (field, key) in [
        ("annotations", "sidecar.istio.io/proxyImage"),
        ("labels", "linkerd.io/inject"),
    ] {
        let world = World::start().await;
        world.edit(|spec| spec["template"] = json!({field: {"team": "a", key: "x"}}));
        is_reported_once(&world, key).await;
        assert!(world.cluster.get(&deployment_path()).is_none(), "{key}");
        let deployed = world.condition("Deployed");
        assert_eq!(deployed["reason"], "TemplateRefused");
        let message = deployed["message"].as_str().unwrap();
        assert!(message.contains(&format!("`{key}`")), "{message}");

        world.edit(|spec| spec["template"] = json!({}));
        world.settle_ready().await;
        world.edit(|spec| {
            spec["template"] = json!({field: {key: "x"}});
            spec["consumers"] = json!(2);
        });
        let before = world.deployment();
        world.settle().await;
        assert_eq!(world.deployment(), before, "it is left as it was");
        assert_eq!(world.ready(), "False");
    }
}

#[tokio::test]
async fn invalid_fields_of_an_old_source_are_reported_one_by_one() {
    let world = World::start().await;
    world.edit(|spec| {
        spec["queue"] = json!("both");
        spec["sink"]["uri"] = json!("http://elsewhere.test/");
        spec["delivery"] = json!({"retry": -1});
    });
    is_reported_once(&world, "invalid").await;
    insta::assert_snapshot!(world.conditions(), @r"
    CredentialsProvided: True
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: False DeliveryInvalid `retry` is `-1`: it must not be negative
    EventRuleReady: Unknown
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: False Invalid exactly one of `eventRule`, `topic` and `queue` must be given
    Ready: False SinkInvalid `http://elsewhere.test/` stands beside an object and is not relative to it
    SinkProvided: False SinkInvalid `http://elsewhere.test/` stands beside an object and is not relative to it
    Subscribed: Unknown
    ");
}

#[tokio::test]
async fn trouble_with_the_api_server_ends_the_reconcile_and_changes_nothing() {
    let world = World::start().await;
    world.settle_ready().await;
    let before = world.source();
    for path in [SECRET, &deployment_path()] {
        world.cluster.fail(Method::GET, path, 500, "InternalError");
        let error = world.reconcile().await.unwrap_err();
        assert!(error.disposition().is_retryable(), "{path}: {error}");
    }
    assert_eq!(world.source(), before);
}

#[tokio::test]
async fn source_that_changed_meanwhile_is_reconciled_again() {
    let world = World::start().await;
    world.cluster.fail(Method::PATCH, SOURCE, 409, "Conflict");
    let error = world.reconcile().await.unwrap_err();
    assert!(
        error.is_conflict() && error.disposition().is_retryable(),
        "{error}"
    );
}

#[tokio::test]
async fn subscription_that_cannot_be_removed_holds_up_the_new_one() {
    let world = World::start().await;
    world.settle_ready().await;
    world
        .cloud
        .topic("other")
        .create(&TopicAttributes::default())
        .await
        .unwrap();
    let down = Kind::Error {
        status: 500,
        code: "InternalError".to_owned(),
    };
    world.cloud.misbehave("Unsubscribe", down, None);
    world.edit(|spec| spec["topic"] = json!("other"));
    world.reconcile().await.unwrap();
    assert_eq!(
        world.status()["topic"],
        TOPIC,
        "the only record of what is left"
    );
    assert_eq!(world.cloud.subscriptions("other").await, [""; 0]);
    assert_eq!(world.condition("CleanedUp")["severity"], "Info");

    world.cloud.behave();
    let denied = Kind::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
    };
    world.cloud.misbehave("Unsubscribe", denied, None);
    world.settle().await;
    assert_eq!(world.status()["topic"], "other", "left behind");
    assert_eq!(
        world.cloud.subscriptions("other").await,
        [World::queue_name()]
    );
    insta::assert_snapshot!(world.conditions(), @r"
    CleanedUp [Warning]: False AccessDenied left behind: subscription `mnsoss-shop-photos-319a766c722eca78` of topic `mns-en-topics-oss-photos-1` at `http://mns.test`; MNS answered `AccessDenied` to `Unsubscribe` of `topics/mns-en-topics-oss-photos-1/subscriptions/mnsoss-shop-photos-319a766c722eca78`
    CredentialsProvided: True
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: True
    EventRuleReady: True EventRuleNotConfigured the source has no event rule
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: True
    Ready: True
    SinkProvided: True
    Subscribed: True
    ");
    assert!(
        world.events().contains("Warning LeftBehind"),
        "{}",
        world.events()
    );
}
