//! An API server in a map: enough of one to deploy to.
//!
//! It keeps objects by their path, owns the fields that a server owns, and gives each
//! object the status that a working cluster would give it, unless a test says otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// Group, version, kind, plural, and whether it lives in namespaces.
type Kind = (String, String, String, String, bool);

const BUILT_IN: [(&str, &str, &str, &str, bool); 17] = [
    ("", "v1", "Namespace", "namespaces", false),
    ("", "v1", "Secret", "secrets", true),
    ("", "v1", "ConfigMap", "configmaps", true),
    ("", "v1", "Event", "events", true),
    ("", "v1", "Pod", "pods", true),
    ("apps", "v1", "Deployment", "deployments", true),
    (
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        false,
    ),
    ("", "v1", "ServiceAccount", "serviceaccounts", true),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRole",
        "clusterroles",
        false,
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRoleBinding",
        "clusterrolebindings",
        false,
    ),
    ("rbac.authorization.k8s.io", "v1", "Role", "roles", true),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "RoleBinding",
        "rolebindings",
        true,
    ),
    (
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        true,
    ),
    (
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        true,
    ),
    ("serving.knative.dev", "v1", "Service", "services", true),
    ("eventing.knative.dev", "v1", "Broker", "brokers", true),
    ("eventing.knative.dev", "v1", "Trigger", "triggers", true),
];

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    kinds: Vec<Kind>,
    /// Defined, but not served before somebody asked for the first time.
    coming: Vec<Kind>,
    unready: BTreeSet<String>,
    held: BTreeSet<String>,
    /// Sources whose Secret nobody looks at again.
    blind: BTreeSet<String>,
    writes: Vec<String>,
    version: u64,
}

/// The server; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct FakeCluster(Arc<Mutex<State>>);

impl FakeCluster {
    /// A cluster with Knative and nothing in it.
    pub(crate) fn new() -> Self {
        let cluster = Self::default();
        cluster.state(|state| {
            let owned =
                |(group, version, kind, plural, namespaced): (&str, &str, &str, &str, bool)| {
                    (
                        group.to_owned(),
                        version.to_owned(),
                        kind.to_owned(),
                        plural.to_owned(),
                        namespaced,
                    )
                };
            state.kinds = BUILT_IN.map(owned).to_vec();
        });
        cluster
    }

    pub(crate) fn client(&self) -> Client {
        let cluster = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let cluster = cluster.clone();
            async move { cluster.answer(request).await }
        });
        Client::new(service, "default")
    }

    /// Takes a group away, as if it had never been installed.
    pub(crate) fn without(&self, group: &str) {
        self.state(|state| state.kinds.retain(|kind| kind.0 != group));
    }

    /// The object of this name never becomes ready.
    pub(crate) fn never_ready(&self, name: &str) {
        self.state(|state| state.unready.insert(name.to_owned()));
    }

    /// The object of this name stays when it is deleted, as with a finalizer.
    pub(crate) fn hold(&self, name: &str) {
        self.state(|state| state.held.insert(name.to_owned()));
    }

    /// The status of the source of this name stays about the Secret that it was made with.
    pub(crate) fn blind(&self, name: &str) {
        self.state(|state| state.blind.insert(name.to_owned()));
    }

    /// Puts an object there, as somebody else would.
    pub(crate) fn put(&self, path: &str, object: Value) {
        self.state(|state| store(state, path, object));
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.state(|state| state.objects.get(path).cloned())
    }

    /// The paths of all objects.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.state(|state| state.objects.keys().cloned().collect())
    }

    /// What was written since the last call: method and last part of the path.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.state(|state| std::mem::take(&mut state.writes))
    }

    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, kube::Error> {
        let (parts, body) = request.into_parts();
        if parts.method == Method::PATCH {
            assert_is_server_side_apply(&parts);
        }
        let bytes = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let dry_run = parts
            .uri
            .query()
            .is_some_and(|query| query.contains("dryRun=All"));
        let path = parts.uri.path();
        let (status, answer) = self.state(|state| match (&parts.method, path) {
            (_, "/api") => (StatusCode::OK, discovery(state, true)),
            (_, "/apis") => {
                let answer = discovery(state, false);
                let coming = std::mem::take(&mut state.coming);
                state.kinds.extend(coming);
                (StatusCode::OK, answer)
            }
            (&Method::PATCH, _) if dry_run => (StatusCode::OK, merged(state, path, body)),
            (&Method::PATCH, _) => {
                note(state, "apply", path);
                store(state, path, body);
                (StatusCode::OK, state.objects[path].clone())
            }
            (&Method::DELETE, _) => delete(state, path, &body),
            _ => read(state, path),
        });
        let body = Body::from(answer.to_string().into_bytes());
        Ok(Response::builder().status(status).body(body).unwrap())
    }
}

/// Anything else would not say whose fields they are.
fn assert_is_server_side_apply(parts: &http::request::Parts) {
    assert_eq!(
        parts.headers["content-type"],
        "application/apply-patch+yaml"
    );
    let query = parts.uri.query().unwrap_or_default();
    for option in ["fieldManager=knative-mnsoss-deploy", "force=true"] {
        assert!(query.contains(option), "{query}");
    }
}

fn note(state: &mut State, verb: &str, path: &str) {
    let name = path.rsplit('/').next().unwrap_or_default();
    state.writes.push(format!("{verb} {name}"));
}

fn discovery(state: &State, core: bool) -> Value {
    let groups = state.kinds.iter().map(|kind| kind.0.as_str());
    let groups: BTreeSet<_> = groups.filter(|group| group.is_empty() == core).collect();
    let items: Vec<_> = groups
        .into_iter()
        .map(|group| discovered(state, group))
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "items": items,
    })
}

/// One group; all of its kinds are of one version.
fn discovered(state: &State, group: &str) -> Value {
    let kinds = state.kinds.iter().filter(|kind| kind.0 == group);
    let version = kinds.clone().next().map(|kind| kind.1.as_str());
    let resources = kinds.map(|(group, version, kind, plural, namespaced)| {
        json!({
            "resource": plural,
            "responseKind": {"group": group, "version": version, "kind": kind},
            "scope": if *namespaced { "Namespaced" } else { "Cluster" },
            "verbs": ["get", "list", "patch", "delete"],
        })
    });
    let resources: Vec<_> = resources.collect();
    json!({
        "metadata": {"name": group},
        "versions": [{"version": version, "resources": resources}],
    })
}

/// The object with what the server adds. Applied fields replace all others, which is
/// right as long as there is one manager.
fn merged(state: &State, path: &str, mut object: Value) -> Value {
    let name = path.rsplit('/').next().unwrap_or_default();
    let before = state.objects.get(path);
    let metadata = &mut object["metadata"];
    metadata["generation"] = json!(1);
    metadata["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    metadata["uid"] = before.map_or_else(
        || json!(format!("uid-{}", state.version)),
        |before| before["metadata"]["uid"].clone(),
    );
    metadata["resourceVersion"] = before.map_or(Value::Null, |before| {
        before["metadata"]["resourceVersion"].clone()
    });
    object["status"] = status(&object, state.unready.contains(name));
    if let Some(secret) = object.pointer("/spec/accessToken/secretKeyRef/name") {
        let seen = if state.blind.contains(name) {
            before.map(|before| &before["status"]["secretResourceVersion"])
        } else {
            let namespace = path.split("/namespaces/").nth(1).unwrap_or_default();
            let namespace = namespace.split('/').next().unwrap_or_default();
            let secret = secret.as_str().unwrap_or_default();
            let secret = format!("/api/v1/namespaces/{namespace}/secrets/{secret}");
            let secret = state.objects.get(&secret);
            secret.map(|secret| &secret["metadata"]["resourceVersion"])
        };
        object["status"]["secretResourceVersion"] = seen.cloned().unwrap_or_default();
    }
    object
}

fn store(state: &mut State, path: &str, object: Value) {
    let mut object = merged(state, path, object);
    if state.objects.get(path) != Some(&object) {
        state.version += 1;
        object["metadata"]["resourceVersion"] = json!(state.version.to_string());
    }
    if object["kind"] == "CustomResourceDefinition" {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let kind = (
            text("/spec/group"),
            text("/spec/versions/0/name"),
            text("/spec/names/kind"),
            text("/spec/names/plural"),
            true,
        );
        if !state.kinds.contains(&kind) {
            state.coming.push(kind);
        }
    }
    state.objects.insert(path.to_owned(), object);
}

fn status(object: &Value, unready: bool) -> Value {
    let verdict = |type_: &str| {
        let status = if unready { "False" } else { "True" };
        json!({"observedGeneration": 1, "conditions": [
            {"type": type_, "status": status, "reason": "Because", "message": "of the test"},
        ]})
    };
    match object["kind"].as_str().unwrap_or_default() {
        "Namespace" => json!({"phase": "Active"}),
        "CustomResourceDefinition" => verdict("Established"),
        "Deployment" if unready => json!({"observedGeneration": 1}),
        "Deployment" => {
            json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
                "availableReplicas": 1})
        }
        _ => verdict("Ready"),
    }
}

fn delete(state: &mut State, path: &str, options: &Value) -> (StatusCode, Value) {
    note(state, "delete", path);
    let name = path.rsplit('/').next().unwrap_or_default();
    let held = state.held.contains(name);
    let Some(object) = state.objects.get_mut(path) else {
        return not_found();
    };
    let wanted = &options["preconditions"]["uid"];
    if !wanted.is_null() && *wanted != object["metadata"]["uid"] {
        return failure(StatusCode::CONFLICT, "Conflict");
    }
    if held {
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:01Z");
        object["metadata"]["finalizers"] = json!(["example.com/held"]);
    } else {
        state.objects.remove(path);
    }
    (
        StatusCode::OK,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}),
    )
}

fn read(state: &State, path: &str) -> (StatusCode, Value) {
    if let Some(object) = state.objects.get(path) {
        return (StatusCode::OK, object.clone());
    }
    let plural = path.rsplit('/').next().unwrap_or_default();
    if !state.kinds.iter().any(|kind| kind.3 == plural) {
        return not_found();
    }
    // Of one namespace, or of all.
    let root = path.trim_end_matches(plural);
    let of_kind =
        |object: &&String| object.starts_with(root) && object.contains(&format!("/{plural}/"));
    let items: Vec<_> = state
        .objects
        .keys()
        .filter(of_kind)
        .map(|path| state.objects[path].clone())
        .collect();
    (
        StatusCode::OK,
        json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}),
    )
}

fn not_found() -> (StatusCode, Value) {
    failure(StatusCode::NOT_FOUND, "NotFound")
}

fn failure(status: StatusCode, reason: &str) -> (StatusCode, Value) {
    let answer = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": status.as_u16()});
    (status, answer)
}
