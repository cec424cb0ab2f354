//! When an adapter counts as deployed.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Value, json};
use source_api::{ConditionStatus, Conditions, Dependent};

fn deployment(generation: i64, status: &Value) -> Deployment {
    let metadata = json!({"name": "adapter", "generation": generation});
    serde_json::from_value(
        json!({"metadata": metadata, "spec": {"selector": {}, "template": {}}, "status": status}),
    )
    .unwrap()
}

fn available(status: &str) -> Value {
    json!([{"type": "Available", "status": status, "reason": "Why", "message": "because"}])
}

#[test]
fn deployed_means_available_in_the_newest_form_with_no_replica_missing() {
    let table = [
        ("no status", json!({}), "Unknown DeploymentUpdating"),
        (
            "an old form",
            json!({"observedGeneration": 1, "conditions": available("True")}),
            "Unknown DeploymentUpdating",
        ),
        (
            "says nothing",
            json!({"observedGeneration": 2}),
            "Unknown DeploymentUnavailable",
        ),
        (
            "available",
            json!({"observedGeneration": 2, "conditions": available("True")}),
            "True -",
        ),
        (
            "available, replicas missing",
            json!({"observedGeneration": 2, "conditions": available("True"), "unavailableReplicas": 1}),
            "Unknown DeploymentUpdating",
        ),
        (
            "not available",
            json!({"observedGeneration": 2, "conditions": available("False")}),
            "False Why",
        ),
        (
            "not known",
            json!({"observedGeneration": 2, "conditions": available("Unknown")}),
            "Unknown Why",
        ),
    ];
    for (name, status, expected) in table {
        let mut conditions = Conditions::begin(&[], None, 1);
        conditions.mark_deployed(&deployment(2, &status));
        let all = conditions.finish(Timestamp::UNIX_EPOCH);
        let deployed = all
            .iter()
            .find(|one| one.type_ == Dependent::Deployed.as_str())
            .unwrap();
        let reason = deployed.reason.as_deref().unwrap_or("-");
        assert_eq!(
            format!("{:?} {reason}", deployed.status),
            expected,
            "{name}"
        );
    }
}

#[test]
fn deployment_that_an_autoscaler_scales_may_have_no_pods_or_some_that_come_up() {
    let now: Timestamp = "2026-11-29T10:10:00Z".parse().unwrap();
    let available = |status: &str, since: &str| {
        json!({"observedGeneration": 2, "unavailableReplicas": 1, "conditions": [
        {"type": "Available", "status": status, "reason": "Why", "lastTransitionTime": since}]})
    };
    let mut idle = available("True", "2026-11-29T08:00:00Z");
    idle.as_object_mut().unwrap().remove("unavailableReplicas");
    let mut old = available("True", "2026-11-29T08:00:00Z");
    old["observedGeneration"] = json!(1);
    let table = [
        ("no pods", idle, ConditionStatus::True),
        (
            "one more",
            available("True", "2026-11-29T08:00:00Z"),
            ConditionStatus::True,
        ),
        (
            "the first",
            available("False", "2026-11-29T10:09:30Z"),
            ConditionStatus::True,
        ),
        (
            "stuck",
            available("False", "2026-11-29T10:07:30Z"),
            ConditionStatus::False,
        ),
        ("an old form", old, ConditionStatus::Unknown),
        ("no status", json!({}), ConditionStatus::Unknown),
    ];
    for (name, status, expected) in table {
        let mut conditions = Conditions::begin(&[], None, 1);
        conditions.mark_scaled(&deployment(2, &status), now);
        assert_eq!(conditions.status(Dependent::Deployed), expected, "{name}");
    }
}

#[test]
fn a_deployment_that_never_was_seen_is_unknown() {
    let conditions = Conditions::begin(&[], None, 1);
    assert_eq!(
        conditions.status(Dependent::Deployed),
        ConditionStatus::Unknown
    );
}
