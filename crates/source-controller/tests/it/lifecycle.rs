//! A source from its first reconcile to a steady state.

use std::slice;
use std::sync::Arc;

use mns::PollingWait;
use serde_json::{Value, json};
use source_controller::reconcile::reconcile;

use crate::support::cluster::line;
use crate::support::fixture::{SOURCE, TOPIC, World, context, deployment_path};

#[tokio::test]
async fn first_reconcile_makes_everything_in_one_go() {
    let world = World::start().await;
    world.reconcile().await.unwrap();
    let calls: Vec<_> = world.cluster.calls().iter().map(line).collect();
    insta::assert_snapshot!(calls.join("\n"), @r"
    PATCH /mnsosssources/photos (merge)
    GET secrets/mnsoss-secret
    GET apps/v1/deployments/mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d
    GET eventing.knative.dev/v1
    GET eventing.knative.dev/v1/brokers/default
    PATCH apps/v1/deployments/mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d (apply)
    PATCH /mnsosssources/photos/status (apply)
    POST events.k8s.io/v1/events
    POST events.k8s.io/v1/events
    POST events.k8s.io/v1/events
    ");
    insta::assert_snapshot!(world.conditions(), @r"
    CredentialsProvided: True
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: Unknown DeploymentUpdating the latest generation of deployment `mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d` is not observed yet
    EventRuleReady: True EventRuleNotConfigured the source has no event rule
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: True
    Ready: Unknown DeploymentUpdating the latest generation of deployment `mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d` is not observed yet
    SinkProvided: True
    Subscribed: True
    ");
    insta::assert_snapshot!(world.events(), @r"
    Normal QueueCreated: created queue `mnsoss-shop-photos-319a766c722eca78`
    Normal Subscribed: subscribed queue `mnsoss-shop-photos-319a766c722eca78` to topic `mns-en-topics-oss-photos-1`
    Normal DeploymentCreated: created deployment `mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d`
    ");
    let queue = World::queue_name();
    assert_eq!(world.cloud.queues().await, slice::from_ref(&queue));
    assert_eq!(world.cloud.subscriptions(TOPIC).await, [queue]);
}

#[tokio::test]
async fn source_is_ready_once_its_adapter_runs() {
    let world = World::start().await;
    world.settle().await;
    assert_eq!(world.ready(), "Unknown");
    world.run_adapter();
    world.reconcile().await.unwrap();
    assert_eq!(
        world.cluster.writes(),
        [
            "PATCH /mnsosssources/photos/status (apply)",
            "POST events.k8s.io/v1/events"
        ]
    );
    insta::assert_snapshot!(world.conditions(), @r"
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
    let mut status = world.status();
    let fields = status.as_object_mut().unwrap();
    fields.retain(|name, _| {
        ![
            "conditions",
            "ceAttributes",
            "endpoint",
            "secretResourceVersion",
        ]
        .contains(&name.as_str())
    });
    insta::assert_json_snapshot!(status, @r#"
    {
      "consumers": 1,
      "observedGeneration": 1,
      "queue": "mnsoss-shop-photos-319a766c722eca78",
      "selector": "eventing.knative.dev/source=mnsoss-source-controller,eventing.knative.dev/sourceName=photos",
      "sinkUri": "http://broker-ingress.knative-eventing.svc.cluster.local/shop/default",
      "subscription": "mnsoss-shop-photos-319a766c722eca78",
      "topic": "mns-en-topics-oss-photos-1"
    }
    "#);
}

#[tokio::test]
async fn messages_of_the_topic_reach_the_queue_as_they_were_published() {
    let world = World::start().await;
    world.settle().await;
    world
        .cloud
        .topic(TOPIC)
        .publish("a body", None)
        .await
        .unwrap();
    let queue = world.cloud.queue(&World::queue_name());
    let message = queue.receive(PollingWait::MIN).await.unwrap().unwrap();
    assert_eq!(message.body, "a body");
}

#[tokio::test]
async fn nothing_to_do_means_no_writes() {
    let world = World::start().await;
    world.settle_ready().await;
    let pause = world.reconcile().await.unwrap();
    let calls: Vec<_> = world.cluster.calls().iter().map(line).collect();
    insta::assert_snapshot!(calls.join("\n"), @r"
    GET secrets/mnsoss-secret
    GET apps/v1/deployments/mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d
    GET eventing.knative.dev/v1/brokers/default
    ");
    assert_ne!(pause, kube::runtime::controller::Action::await_change());
}

#[tokio::test]
async fn controller_that_was_restarted_writes_nothing_either() {
    let mut world = World::start().await;
    world.settle_ready().await;
    (world.ctx, world.inputs) = context(&world.cluster);
    world.cluster.calls();
    world.reconcile().await.unwrap();
    assert_eq!(world.cluster.writes(), [""; 0]);
}

#[tokio::test]
async fn controller_that_died_in_the_middle_is_taken_over_from() {
    let mut world = World::start().await;
    world.settle_ready().await;
    // Everything was made, and then nothing was written down.
    world
        .cluster
        .change(SOURCE, |source| source["status"] = json!(null));
    (world.ctx, world.inputs) = context(&world.cluster);
    world.settle().await;
    assert_eq!(world.ready(), "True");
    assert_eq!(world.cloud.queues().await.len(), 1);
}

/// It has no finalizer and no status, so acting on it would forget what is in MNS.
#[tokio::test]
async fn copy_from_before_the_last_write_is_not_acted_on() {
    let world = World::start().await;
    let old = serde_json::from_value(world.source()).unwrap();
    world.reconcile().await.unwrap();
    world.cluster.calls();
    let action = reconcile(Arc::new(old), Arc::clone(&world.ctx)).await;
    action.unwrap();
    let calls = world.cluster.calls();
    assert_eq!(line(&calls[0]), "GET /mnsosssources/photos");
    assert!(calls.iter().all(|call| !call.is_write()), "{calls:?}");
}

type Tamper = fn(&mut Value);

#[tokio::test]
async fn tampering_with_the_deployment_is_undone() {
    let world = World::start().await;
    world.settle_ready().await;
    let desired = world.deployment()["spec"].clone();
    let tampering: [(&str, Tamper); 5] = [
        ("image", |spec| {
            spec["template"]["spec"]["containers"][0]["image"] = json!("example.com/evil");
        }),
        ("replicas", |spec| spec["replicas"] = json!(7)),
        ("variable", |spec| {
            spec["template"]["spec"]["containers"][0]["env"][0]["value"] = json!("elsewhere");
        }),
        ("security", |spec| {
            spec["template"]["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] =
                json!(true);
        }),
        ("token", |spec| {
            let pod = spec["template"]["spec"].as_object_mut().unwrap();
            pod.remove("automountServiceAccountToken");
        }),
    ];
    for (name, tamper) in tampering {
        world
            .cluster
            .change(&deployment_path(), |it| tamper(&mut it["spec"]));
        world.cluster.calls();
        world.reconcile().await.unwrap();
        let writes = world.cluster.writes();
        let apply = format!(
            "{} (apply)",
            deployment_path()
                .replace("/apis/", "PATCH ")
                .replace("/namespaces/shop", "")
        );
        assert!(writes.contains(&apply), "{name}: {writes:?}");
        assert_eq!(world.deployment()["spec"], desired, "{name}");
    }
}

#[tokio::test]
async fn what_others_add_to_the_deployment_is_no_difference() {
    let world = World::start().await;
    world.settle_ready().await;
    world.cluster.change(&deployment_path(), |deployment| {
        deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("1");
        let spec = &mut deployment["spec"];
        spec["progressDeadlineSeconds"] = json!(600);
        spec["strategy"] = json!({"type": "RollingUpdate"});
        let pod = &mut spec["template"]["spec"];
        pod["restartPolicy"] = json!("Always");
        pod["dnsPolicy"] = json!("ClusterFirst");
        pod["volumes"][0]["secret"]["defaultMode"] = json!(420);
        pod["containers"][0]["imagePullPolicy"] = json!("IfNotPresent");
        pod["containers"][0]["livenessProbe"]["httpGet"]["scheme"] = json!("HTTP");
    });
    world.run_adapter();
    world.cluster.calls();
    world.reconcile().await.unwrap();
    assert_eq!(world.cluster.writes(), [""; 0]);
}

#[tokio::test]
async fn deleted_deployment_is_created_again() {
    let world = World::start().await;
    world.settle_ready().await;
    world.cluster.remove(&deployment_path());
    world.reconcile().await.unwrap();
    assert_eq!(world.deployment()["kind"], "Deployment");
    assert_eq!(world.ready(), "Unknown");
}
