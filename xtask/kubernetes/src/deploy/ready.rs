//! Whether an object is ready.
//!
//! A pure function of the object, by the conventions of its kind. A kind without such a convention
//! is ready once it exists.

use kube::ResourceExt as _;
use kube::api::DynamicObject;
use serde_json::Value;

use super::identity::Identity;

/// The readiness of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It is ready.
    Ready,
    /// Not yet; the text is the reason that the object itself gives.
    Waiting(String),
}

/// The readiness of one object.
pub(crate) fn readiness(object: &DynamicObject) -> Readiness {
    let identity = Identity::of(object);
    let group = identity.group();
    match (group, identity.kind.as_str()) {
        ("", "Namespace") => phase(object, "Active"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => condition(object, "Established"),
        ("apps", "Deployment") => deployment(object),
        _ if group.ends_with(".knative.dev") => condition_of_this_generation(object, "Ready"),
        _ => Readiness::Ready,
    }
}

fn phase(object: &DynamicObject, wanted: &str) -> Readiness {
    match object.data.pointer("/status/phase").and_then(Value::as_str) {
        Some(phase) if phase == wanted => Readiness::Ready,
        Some(phase) => Readiness::Waiting(format!("is {phase}")),
        None => Readiness::Waiting("has no status yet".to_owned()),
    }
}

fn deployment(object: &DynamicObject) -> Readiness {
    let number = |path| {
        object
            .data
            .pointer(path)
            .and_then(Value::as_i64)
            .unwrap_or(0)
    };
    if !is_observed(object) {
        return Readiness::Waiting("has no status yet".to_owned());
    }
    let wanted = object
        .data
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    let (updated, available) = (
        number("/status/updatedReplicas"),
        number("/status/availableReplicas"),
    );
    if updated >= wanted && available >= wanted && number("/status/replicas") <= wanted {
        return Readiness::Ready;
    }
    let failed = ["ReplicaFailure", "Progressing", "Available"];
    let failed = failed
        .iter()
        .find_map(|type_| failure_message(object, type_));
    let counts = format!("{available} of {wanted} replicas are available");
    Readiness::Waiting(failed.map_or(counts.clone(), |failed| format!("{counts}: {failed}")))
}

/// Reason and message of the condition, if it reports a failure.
fn failure_message(object: &DynamicObject, type_: &str) -> Option<String> {
    let condition = find(object, type_)?;
    let bad = if type_ == "ReplicaFailure" {
        "True"
    } else {
        "False"
    };
    (condition["status"] == bad).then(|| words(condition))
}

fn condition_of_this_generation(object: &DynamicObject, type_: &str) -> Readiness {
    if is_observed(object) {
        condition(object, type_)
    } else {
        Readiness::Waiting("has no status yet".to_owned())
    }
}

/// A controller that has not observed the latest generation reports about an older one. Objects
/// without a generation have no such delay.
fn is_observed(object: &DynamicObject) -> bool {
    let observed = object
        .data
        .pointer("/status/observedGeneration")
        .and_then(Value::as_i64);
    match (observed, object.metadata.generation) {
        (Some(observed), Some(generation)) => observed >= generation,
        (None, Some(_)) => false,
        (_, None) => true,
    }
}

fn condition(object: &DynamicObject, type_: &str) -> Readiness {
    match find(object, type_) {
        Some(condition) if condition["status"] == "True" => Readiness::Ready,
        Some(condition) => Readiness::Waiting(format!(
            "{type_} is {}: {}",
            text(condition, "status"),
            words(condition)
        )),
        None => Readiness::Waiting(format!("has no condition {type_} yet")),
    }
}

fn find<'a>(object: &'a DynamicObject, type_: &str) -> Option<&'a Value> {
    let conditions = object.data.pointer("/status/conditions")?.as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == type_)
}

/// Reason and message, if there are any.
fn words(condition: &Value) -> String {
    let words = ["reason", "message"].map(|field| text(condition, field));
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        "no reason given".to_owned()
    } else {
        words.join(": ")
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The finalizers that delay the deletion of the object.
pub(crate) fn held_by(object: &DynamicObject) -> Option<String> {
    object.metadata.deletion_timestamp.as_ref()?;
    (!object.finalizers().is_empty()).then(|| object.finalizers().join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge(object: Value) -> String {
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        match readiness(&object) {
            Readiness::Ready => "ready".to_owned(),
            Readiness::Waiting(why) => why,
        }
    }

    fn deployment(status: &Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "generation": 2},
            "spec": {"replicas": 2}, "status": status})
    }

    fn broker(status: &Value) -> Value {
        json!({"apiVersion": "eventing.knative.dev/v1", "kind": "Broker",
            "metadata": {"name": "x", "generation": 2}, "status": status})
    }

    #[test]
    fn kinds_are_ready_by_their_own_conventions() {
        let table = [
            (
                "no notion",
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}),
                "ready",
            ),
            (
                "namespace",
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}, "status": {"phase": "Active"}}),
                "ready",
            ),
            (
                "namespace going",
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}, "status": {"phase": "Terminating"}}),
                "is Terminating",
            ),
            (
                "definition",
                json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x", "generation": 1},
                    "status": {"conditions": [{"type": "Established", "status": "True"}]}}),
                "ready",
            ),
            ("no status", deployment(&json!({})), "has no status yet"),
            (
                "rolled out",
                deployment(
                    &json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}),
                ),
                "ready",
            ),
            (
                "old pods left",
                deployment(
                    &json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 2}),
                ),
                "2 of 2 replicas are available",
            ),
            (
                "stuck",
                deployment(
                    &json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "conditions": [
                    {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]}),
                ),
                "0 of 2 replicas are available: ProgressDeadlineExceeded: timed out",
            ),
            (
                "status of an older spec",
                broker(
                    &json!({"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}),
                ),
                "has no status yet",
            ),
            (
                "ready",
                broker(
                    &json!({"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True"}]}),
                ),
                "ready",
            ),
            (
                "not ready",
                broker(&json!({"observedGeneration": 2, "conditions": [
                    {"type": "Ready", "status": "False", "reason": "NotFound", "message": "no such channel"}]})),
                "Ready is False: NotFound: no such channel",
            ),
            (
                "nothing said",
                broker(
                    &json!({"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "Unknown"}]}),
                ),
                "Ready is Unknown: no reason given",
            ),
        ];
        for (name, object, expected) in table {
            assert_eq!(judge(object), expected, "{name}");
        }
    }
}
