//! The life of the object by which KEDA scales an adapter.

use http::Method;
use serde_json::{Value, json};
use source_api::names;
use source_controller::context::Parts;
use source_controller::controller;
use source_controller::doctor::{CheckResult, examine_scaling};
use testbed::eventually;
use tokio_util::sync::CancellationToken;

use crate::support::fixture::{SOURCE, UID, World, context_of, deployment_path, parts};

const PREFIX: &str = "autoscaling.eventing.knative.dev";
const CLASS: (&str, &str) = ("class", "keda.autoscaling.knative.dev");
const KEDA: &str = "/apis/keda.sh/v1alpha1";

/// A source with these annotations, and a controller with a scaler.
async fn world(annotations: &[(&str, &str)]) -> World {
    let mut world = World::start().await;
    restart(&mut world);
    annotate(&world, annotations);
    world
}

/// The controller as it is after a restart.
fn restart(world: &mut World) {
    (world.ctx, world.inputs) = context_of(Parts {
        scaler_address: Some("mnsoss-source-controller.mnsoss-system.svc:9090".to_owned()),
        ..parts(&world.cluster)
    });
}

fn annotate(world: &World, annotations: &[(&str, &str)]) {
    world.cluster.change(SOURCE, |source| {
        let annotations = annotations.iter();
        let annotations = annotations.map(|(name, text)| (format!("{PREFIX}/{name}"), json!(text)));
        source["metadata"]["annotations"] = annotations.collect();
    });
}

fn install_keda(world: &World) {
    let resource = json!({"name": "scaledobjects", "singularName": "scaledobject", "namespaced": true, "kind": "ScaledObject", "verbs": ["get", "patch"]});
    let list = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "keda.sh/v1alpha1", "resources": [resource]});
    world.cluster.serve(KEDA, list);
}

fn path() -> String {
    let name = names::adapter("photos", UID);
    format!("{KEDA}/namespaces/shop/scaledobjects/{name}")
}

fn scaled_object(world: &World) -> Option<Value> {
    world.cluster.get(&path())
}

/// What KEDA and the autoscaler that it makes do: another number of pods.
fn scale(world: &World, replicas: i64) {
    world.cluster.change(&deployment_path(), |deployment| {
        deployment["spec"]["replicas"] = json!(replicas);
    });
    world.run_adapter();
}

fn keda_says(world: &World, ready: &str) {
    world.cluster.change(&path(), |object| {
        object["status"] = json!({"conditions": [{"type": "Ready", "status": ready}]});
    });
}

/// The notice, in one line.
fn notice(world: &World) -> String {
    let notice = world.condition("AutoscalerReady");
    let text = |name: &str| notice[name].as_str().unwrap_or_default().to_owned();
    let [status, severity, reason, message] = ["status", "severity", "reason", "message"].map(text);
    format!("{status} [{severity}] {reason}: {message}")
}

#[tokio::test]
async fn annotated_source_is_scaled_by_keda_and_not_by_us() {
    let annotations = [CLASS, ("max-scale", "8"), ("lag-threshold", "20")];
    let world = world(&annotations).await;
    install_keda(&world);
    world.settle().await;
    assert_eq!(world.deployment()["spec"]["replicas"], Value::Null);
    let mut object = scaled_object(&world).unwrap();
    object["metadata"]
        .as_object_mut()
        .unwrap()
        .retain(|name, _| ["name", "labels", "ownerReferences"].contains(&name.as_str()));
    insta::assert_json_snapshot!(object);
    assert_eq!(
        notice(&world),
        format!(
            "Unknown [Info] KedaPending: KEDA has not processed scaledobject `{}` yet",
            names::adapter("photos", UID)
        )
    );

    keda_says(&world, "True");
    scale(&world, 5);
    world.settle().await;
    assert_eq!(notice(&world), "True [Info] Scaled: KEDA runs 0 to 8 pods");
    assert_eq!(world.ready(), "True", "{}", world.conditions());
    assert_eq!(world.deployment()["spec"]["replicas"], 5);
    assert_eq!(world.status()["consumers"], 5);

    // A change of the source leaves the number of pods to KEDA.
    world.edit(|spec| spec["payload"] = json!("Base64"));
    world.settle().await;
    assert_eq!(world.variable("PAYLOAD").as_deref(), Some("Base64"));
    assert_eq!(world.deployment()["spec"]["replicas"], 5);
}

#[tokio::test]
async fn idle_source_without_a_pod_is_ready() {
    let world = world(&[CLASS]).await;
    install_keda(&world);
    world.settle().await;
    keda_says(&world, "True");
    scale(&world, 0);
    world.settle().await;
    assert_eq!(world.ready(), "True", "{}", world.conditions());
    assert_eq!(world.status()["consumers"], 0);
    assert_eq!(world.deployment()["spec"]["replicas"], 0);
    world.reconcile().await.unwrap();
    assert_eq!(world.cluster.writes(), [""; 0]);
}

#[tokio::test]
async fn scaling_follows_the_annotations_and_is_mended() {
    let world = world(&[CLASS]).await;
    install_keda(&world);
    world.settle().await;
    annotate(&world, &[CLASS, ("min-scale", "1"), ("max-scale", "3")]);
    world.settle().await;
    let spec = || scaled_object(&world).unwrap()["spec"].clone();
    assert_eq!(
        (&spec()["minReplicaCount"], &spec()["maxReplicaCount"]),
        (&json!(1), &json!(3))
    );
    let expected = spec();
    world.cluster.change(&path(), |object| {
        object["spec"]["triggers"][0]["metadata"]["source"] = json!("another");
    });
    world.settle().await;
    assert_eq!(spec(), expected);
    world.cluster.remove(&path());
    world.settle().await;
    assert_eq!(spec(), expected);
}

#[tokio::test]
async fn without_the_annotation_the_number_of_pods_is_the_sources_again() {
    let world = world(&[CLASS]).await;
    world.edit(|spec| spec["consumers"] = json!(3));
    install_keda(&world);
    world.settle().await;
    scale(&world, 0);
    for annotations in [&[] as &[(&str, &str)], &[("class", "disabled")]] {
        annotate(&world, &[CLASS]);
        world.settle().await;
        assert!(scaled_object(&world).is_some());
        annotate(&world, annotations);
        world.cluster.calls();
        world.reconcile().await.unwrap();
        let writes = world.cluster.writes();
        let position = |text: &str| writes.iter().position(|line| line.contains(text)).unwrap();
        assert!(
            position("DELETE keda.sh") < position("PATCH apps/v1/deployments"),
            "{writes:?}"
        );
        world.settle().await;
        assert_eq!(scaled_object(&world), None);
        assert_eq!(world.deployment()["spec"]["replicas"], 3);
        assert_eq!(world.condition("AutoscalerReady"), Value::Null);
        world.cluster.calls();
        world.reconcile().await.unwrap();
        let calls = world.cluster.calls();
        assert!(
            calls.iter().all(|call| !call.path.contains("keda")),
            "{calls:?}"
        );
    }
}

#[tokio::test]
async fn paused_source_is_not_scaled() {
    let world = world(&[CLASS]).await;
    install_keda(&world);
    world.settle().await;
    scale(&world, 2);
    world.edit(|spec| spec["consumers"] = json!(0));
    world.settle().await;
    assert_eq!(scaled_object(&world), None);
    assert_eq!(world.deployment()["spec"]["replicas"], 0);
}

#[tokio::test]
async fn cluster_without_keda_has_the_pods_of_the_source_and_a_notice() {
    let mut world = world(&[CLASS]).await;
    world.settle_ready().await;
    insta::assert_snapshot!(notice(&world), @"False [Warning] KedaNotInstalled: the cluster does not serve ScaledObject in `keda.sh/v1alpha1`: install KEDA; until then the source has `consumers` pods");
    assert_eq!(world.deployment()["spec"]["replicas"], 1);
    // It comes, and goes again.
    install_keda(&world);
    world.settle().await;
    assert!(scaled_object(&world).is_some());
    assert_eq!(world.deployment()["spec"]["replicas"], Value::Null);
    world.cluster.remove(&path());
    world.cluster.remove(KEDA);
    restart(&mut world);
    scale(&world, 0);
    world.settle_ready().await;
    assert_eq!(world.deployment()["spec"]["replicas"], 1);
}

#[tokio::test]
async fn keda_that_is_installed_later_is_noticed_at_once() {
    let world = world(&[CLASS]).await;
    let (ctx, inputs) = (world.ctx.clone(), world.inputs);
    let stop = CancellationToken::new();
    let running = tokio::spawn(controller::run(ctx, inputs, 1, stop.clone()));
    let world = World {
        inputs: context_of(parts(&world.cluster)).1,
        ..world
    };
    eventually("a notice", || {
        world.condition("AutoscalerReady")["status"] == "False"
    })
    .await;
    install_keda(&world);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "scaledobjects.keda.sh"},
    });
    world.cluster.put(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/scaledobjects.keda.sh",
        definition,
    );
    eventually("an object", || scaled_object(&world).is_some()).await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn controller_without_a_scaler_reports_that_and_reads_no_scaled_object() {
    let mut world = World::start().await;
    annotate(&world, &[CLASS]);
    install_keda(&world);
    world.restart();
    world.settle_ready().await;
    insta::assert_snapshot!(notice(&world), @"False [Warning] NoScaler: the controller has no scaler: have the administrator turn it on (`keda.enabled` in the settings, SCALER_LISTEN and SCALER_ADDRESS of the controller); until then the source has `consumers` pods");
    world.cluster.calls();
    world.reconcile().await.unwrap();
    let calls = world.cluster.calls();
    assert!(
        calls.iter().all(|call| !call.path.contains("keda")),
        "{calls:?}"
    );
}

#[tokio::test]
async fn invalid_annotation_is_reported_and_scales_nothing() {
    let world = world(&[CLASS, ("max-scale", "many")]).await;
    install_keda(&world);
    world.settle_ready().await;
    insta::assert_snapshot!(notice(&world), @"False [Warning] AnnotationInvalid: annotation `autoscaling.eventing.knative.dev/max-scale` must be a whole number from 1 to 1000; until then the source has `consumers` pods");
    assert_eq!(scaled_object(&world), None);
    assert_eq!(world.deployment()["spec"]["replicas"], 1);
}

#[tokio::test]
async fn what_others_made_is_left_alone() {
    let world = world(&[CLASS]).await;
    install_keda(&world);
    let theirs = json!({"metadata": {"name": names::adapter("photos", UID), "namespace": "shop"}, "spec": {"a": "b"}});
    world.cluster.put(&path(), theirs);
    world.settle_ready().await;
    assert_eq!(world.condition("AutoscalerReady")["reason"], "NotOwned");
    assert_eq!(world.deployment()["spec"]["replicas"], 1);
    assert_eq!(scaled_object(&world).unwrap()["spec"], json!({"a": "b"}));
}

/// As KEDA's own admission webhook does, if something else scales the Deployment.
#[tokio::test]
async fn refusal_is_reported_and_the_source_works() {
    let world = world(&[CLASS]).await;
    install_keda(&world);
    world.cluster.fail(Method::PATCH, &path(), 403, "Forbidden");
    world.reconcile().await.unwrap();
    world.run_adapter();
    world.reconcile().await.unwrap();
    let notice = world.condition("AutoscalerReady");
    assert_eq!(
        (&notice["status"], &notice["reason"]),
        (&json!("False"), &json!("Forbidden"))
    );
    assert_eq!(world.ready(), "True", "{}", world.conditions());
    world.cluster.heal();
    world.settle().await;
    assert!(scaled_object(&world).is_some());
}

/// Otherwise KEDA and the controller would both decide.
#[tokio::test]
async fn number_of_pods_stays_kedas_until_its_object_is_gone() {
    let world = world(&[CLASS]).await;
    install_keda(&world);
    world.settle().await;
    scale(&world, 4);
    annotate(&world, &[]);
    world
        .cluster
        .fail(Method::DELETE, &path(), 403, "Forbidden");
    world.reconcile().await.unwrap();
    assert_eq!(world.deployment()["spec"]["replicas"], 4);
    assert_eq!(world.condition("AutoscalerReady")["reason"], "Forbidden");
    world
        .cluster
        .fail(Method::DELETE, &path(), 503, "ServiceUnavailable");
    assert!(world.reconcile().await.is_err());
    assert_eq!(world.deployment()["spec"]["replicas"], 4);
    world.cluster.heal();
    world.settle().await;
    assert_eq!(world.deployment()["spec"]["replicas"], 1);
    assert_eq!(world.condition("AutoscalerReady"), Value::Null);
}

#[tokio::test]
async fn budget_for_evictions_goes_by_the_most_pods() {
    let world = world(&[CLASS]).await;
    install_keda(&world);
    let budgets = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets/";
    world.settle().await;
    assert_eq!(world.cluster.under(budgets).len(), 1);
    annotate(&world, &[CLASS, ("max-scale", "1")]);
    world.settle().await;
    assert!(world.cluster.under(budgets).is_empty());
}

#[tokio::test]
async fn scaled_source_in_order_costs_one_call_more() {
    let world = world(&[CLASS]).await;
    install_keda(&world);
    world.settle().await;
    keda_says(&world, "True");
    world.run_adapter();
    world.settle().await;
    world.cluster.calls();
    world.reconcile().await.unwrap();
    let calls = world.cluster.calls();
    let of_keda = calls.iter().filter(|call| call.path.contains("keda"));
    assert_eq!(of_keda.count(), 1, "{calls:?}");
    assert!(calls.iter().all(|call| !call.is_write()), "{calls:?}");
}

#[tokio::test]
async fn doctor_reports_how_the_adapter_is_scaled() {
    let world = world(&[]).await;
    let examine = async || {
        let source = serde_json::from_value(world.cluster.get(SOURCE).unwrap()).unwrap();
        let examined = examine_scaling(&world.cluster.client(), &source).await;
        examined.unwrap()
    };
    assert!(matches!(examine().await, CheckResult::Passed(text) if text.contains("all the time")));
    annotate(&world, &[CLASS]);
    assert!(matches!(examine().await, CheckResult::Failed(text) if text.contains("install KEDA")));
    install_keda(&world);
    assert!(matches!(examine().await, CheckResult::Failed(text) if text.contains("there is no")));
    world.settle_ready().await;
    assert!(matches!(examine().await, CheckResult::Failed(text) if text.contains("describe")));
    world.cluster.change(&path(), |object| {
        let ready = json!({"type": "Ready", "status": "True"});
        object["status"]["conditions"] = json!([ready]);
    });
    assert!(matches!(examine().await, CheckResult::Passed(text) if text.contains("KEDA")));
    annotate(&world, &[CLASS, ("min-scale", "many")]);
    assert!(matches!(examine().await, CheckResult::Failed(_)));
}
