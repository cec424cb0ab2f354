//! The reason why an object does not become ready, in one line.
//!
//! The object's own condition, the container that does not start, the last warning event,
//! and the command that shows more. It only reads.

use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use kube::ResourceExt as _;
use kube::api::{Api, DynamicObject, ListParams};
use serde_json::Value;

use super::cluster::Cluster;
use super::identity::Identity;

/// States of a container that is starting.
const NORMAL: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// Collects the state in the cluster; `why` is the reason that the object itself gives.
pub(crate) async fn diagnose(cluster: &Cluster, object: &DynamicObject, why: &str) -> String {
    let identity = Identity::of(object);
    let pods = pods(cluster, object).await;
    let problem = pods.iter().find_map(problem);
    let uids = object
        .uid()
        .into_iter()
        .chain(pods.iter().filter_map(kube::ResourceExt::uid));
    let mut warnings = Vec::new();
    for uid in uids {
        warnings.extend(warnings_about(cluster, &identity, &uid).await);
    }
    line(&identity, why, problem.as_ref(), latest(warnings).as_ref())
}

/// A pod that does not run, and why.
struct PodProblem {
    pod: String,
    why: String,
    /// It ran and ended, so it may have written logs.
    has_logs: bool,
}

fn line(
    identity: &Identity,
    why: &str,
    problem: Option<&PodProblem>,
    event: Option<&Event>,
) -> String {
    let problem_line = problem.map(|PodProblem { pod, why, .. }| format!("; pod {pod}: {why}"));
    let event_line = event.map(|event| {
        let [reason, message] =
            [&event.reason, &event.message].map(|text| text.as_deref().unwrap_or_default());
        format!("; event {reason}: {message}")
    });
    let [problem_line, event_line] = [problem_line, event_line].map(Option::unwrap_or_default);
    let line = format!("{identity}: {why}{problem_line}{event_line}");
    let namespace = identity.namespace.as_deref().unwrap_or("default");
    let look = match problem {
        Some(PodProblem {
            pod,
            has_logs: true,
            ..
        }) => format!("kubectl -n {namespace} logs --previous {pod}"),
        Some(PodProblem { pod, .. }) => format!("kubectl -n {namespace} describe pod {pod}"),
        None => identity.describe(),
    };
    // Messages of the kubelet have line breaks.
    format!("{}; see `{look}`", line.replace('\n', " "))
}

/// The pods that belong to a Deployment; none of other kinds.
async fn pods(cluster: &Cluster, object: &DynamicObject) -> Vec<Pod> {
    let labels = object
        .data
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    let (Some(labels), Some(namespace)) = (labels, object.namespace()) else {
        return Vec::new();
    };
    let labels = labels
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)));
    let labels = labels.collect::<Vec<_>>().join(",");
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), &namespace);
    // A diagnosis that cannot be completed is still better than none.
    pods.list(&ListParams::default().labels(&labels))
        .await
        .map(|list| list.items)
        .unwrap_or_default()
}

fn problem(pod: &Pod) -> Option<PodProblem> {
    let status = pod.status.as_ref()?;
    let containers = [&status.init_container_statuses, &status.container_statuses];
    let stuck = containers.into_iter().flatten().flatten().find_map(stuck);
    let (why, has_logs) = stuck.or_else(|| {
        let conditions = status.conditions.iter().flatten();
        let mut unscheduled = conditions
            .filter(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
        Some((unscheduled.next()?.message.clone()?, false))
    })?;
    Some(PodProblem {
        pod: pod.name_any(),
        why,
        has_logs,
    })
}

fn stuck(container: &ContainerStatus) -> Option<(String, bool)> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting
        .reason
        .as_deref()
        .filter(|reason| !NORMAL.contains(reason))?;
    let last = container
        .last_state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    let why = match (last, &waiting.message) {
        (Some(last), _) => format!("{reason}: last ended with code {}", last.exit_code),
        (None, Some(message)) => format!("{reason}: {message}"),
        (None, None) => reason.to_owned(),
    };
    Some((why, last.is_some()))
}

async fn warnings_about(cluster: &Cluster, identity: &Identity, uid: &str) -> Vec<Event> {
    let namespace = identity.namespace.as_deref().unwrap_or("default");
    let events: Api<Event> = Api::namespaced(cluster.client.clone(), namespace);
    let about = ListParams::default().fields(&format!("involvedObject.uid={uid},type=Warning"));
    events
        .list(&about)
        .await
        .map(|list| list.items)
        .unwrap_or_default()
}

fn latest(events: Vec<Event>) -> Option<Event> {
    events.into_iter().max_by_key(|event| {
        let last = event.last_timestamp.as_ref().map(|time| time.0);
        last.or_else(|| event.event_time.as_ref().map(|time| time.0))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity() -> Identity {
        Identity {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("ns".to_owned()),
            name: "controller".to_owned(),
        }
    }

    fn pod(status: &Value) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "controller-1"}, "status": status}))
            .unwrap()
    }

    #[test]
    fn the_line_names_the_container_and_where_to_look() {
        let table = [
            (
                "no image",
                json!({"containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no\nsuch image"}}}]}),
                "Deployment ns/controller: no replicas; pod controller-1: ImagePullBackOff: no such image; see `kubectl -n ns describe pod controller-1`",
            ),
            (
                "crash",
                json!({"containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"exitCode": 1}}}]}),
                "Deployment ns/controller: no replicas; pod controller-1: CrashLoopBackOff: last ended with code 1; see `kubectl -n ns logs --previous controller-1`",
            ),
            (
                "unschedulable",
                json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]}),
                "Deployment ns/controller: no replicas; pod controller-1: 0/1 nodes are available; see `kubectl -n ns describe pod controller-1`",
            ),
            (
                "starting",
                json!({"containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}}]}),
                "Deployment ns/controller: no replicas; see `kubectl -n ns describe deployment.apps controller`",
            ),
        ];
        for (name, status, expected) in table {
            let problem = problem(&pod(&status));
            assert_eq!(
                line(&identity(), "no replicas", problem.as_ref(), None),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn the_last_event_is_reported() {
        let event = |time: &str, reason: &str| -> Event {
            serde_json::from_value(
                json!({"metadata": {}, "involvedObject": {}, "lastTimestamp": time,
                "reason": reason, "message": "why"}),
            )
            .unwrap()
        };
        let events = vec![
            event("2026-01-02T00:00:00Z", "Second"),
            event("2026-01-01T00:00:00Z", "First"),
        ];
        let line = line(&identity(), "no replicas", None, latest(events).as_ref());
        assert_eq!(
            line,
            "Deployment ns/controller: no replicas; event Second: why; see `kubectl -n ns describe deployment.apps controller`"
        );
    }
}
