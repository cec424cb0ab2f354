//! A cluster with Knative and nothing in it: the fake API server, with discovery, and with
//! controllers that make every object ready unless a test says otherwise.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use fake_api_server::{Call, FakeApiServer};
use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// Group, version, kind, plural, and whether it lives in namespaces.
type Kind = (String, String, String, String, bool);

const BUILT_IN: &str = "\
core v1 Namespace namespaces false
core v1 Secret secrets true
core v1 ConfigMap configmaps true
core v1 Event events true
core v1 Pod pods true
apps v1 Deployment deployments true
apiextensions.k8s.io v1 CustomResourceDefinition customresourcedefinitions false
core v1 ServiceAccount serviceaccounts true
rbac.authorization.k8s.io v1 ClusterRole clusterroles false
rbac.authorization.k8s.io v1 ClusterRoleBinding clusterrolebindings false
rbac.authorization.k8s.io v1 Role roles true
rbac.authorization.k8s.io v1 RoleBinding rolebindings true
networking.k8s.io v1 NetworkPolicy networkpolicies true
policy v1 PodDisruptionBudget poddisruptionbudgets true
serving.knative.dev v1 Service services true
eventing.knative.dev v1 Broker brokers true
eventing.knative.dev v1 Trigger triggers true";

/// The cluster; clones are the same one.
#[derive(Clone)]
pub(super) struct FakeCluster {
    server: FakeApiServer,
    kinds: Arc<Mutex<Vec<Kind>>>,
    unready: Arc<Mutex<BTreeSet<String>>>,
    /// Sources whose Secret no controller reads again.
    blind: Arc<Mutex<BTreeSet<String>>>,
}

impl FakeCluster {
    pub(super) fn new() -> Self {
        let cluster = Self {
            server: FakeApiServer::new(),
            kinds: Arc::new(Mutex::new(BUILT_IN.lines().map(kind).collect())),
            unready: Arc::default(),
            blind: Arc::default(),
        };
        let (unready, blind) = (Arc::clone(&cluster.unready), Arc::clone(&cluster.blind));
        cluster.set_status(move |object, read| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let mut status = status(object, unready.lock().unwrap().contains(name));
            if let Some(secret) = secret_of(object) {
                let seen = if blind.lock().unwrap().contains(name) {
                    object["status"]["secretResourceVersion"].clone()
                } else {
                    let secret = read(&secret).unwrap_or_default();
                    secret["metadata"]["resourceVersion"].clone()
                };
                status["secretResourceVersion"] = seen;
            }
            status
        });
        cluster.publish();
        cluster
    }

    pub(super) fn client(&self) -> Client {
        let cluster = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let cluster = cluster.clone();
            async move {
                let is_discovery = request.uri().path() == "/apis";
                let answer = cluster.server.answer(request).await;
                if is_discovery {
                    // What was defined is not served before somebody asked for the first time.
                    cluster.publish();
                }
                Ok::<_, Infallible>(answer)
            }
        });
        Client::new(service, "default")
    }

    /// Takes a group away, as if it had never been installed.
    pub(super) fn without(&self, group: &str) {
        self.kinds.lock().unwrap().retain(|kind| kind.0 != group);
        self.publish();
    }

    /// The object of this name never becomes ready.
    pub(super) fn never_ready(&self, name: &str) {
        self.unready.lock().unwrap().insert(name.to_owned());
    }

    /// The status of the source of this name stays about the Secret that it was made with.
    pub(super) fn blind(&self, name: &str) {
        self.blind.lock().unwrap().insert(name.to_owned());
    }

    /// The object of this name stays when it is deleted.
    pub(super) fn hold(&self, name: &str) {
        let end = format!("/{name}");
        let paths = self.paths();
        let path = paths.iter().find(|path| path.ends_with(&end)).unwrap();
        self.change(path, |object| {
            object["metadata"]["finalizers"] = json!(["example.com/held"]);
        });
    }

    /// What was written since the last call: how, and the last part of the path.
    pub(super) fn writes(&self) -> Vec<String> {
        let calls = self.calls();
        let is_dry_run = |call: &Call| call.query.contains_key("dryRun");
        let writes = calls.iter().filter(|it| it.is_write() && !is_dry_run(it));
        writes.map(line).collect()
    }

    /// Tells what kinds there are.
    fn publish(&self) {
        let mut kinds = self.kinds.lock().unwrap().clone();
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/";
        for definition in self.under(definitions) {
            let text = |pointer| definition.pointer(pointer).unwrap().as_str().unwrap();
            let words = [
                "/spec/group",
                "/spec/versions/0/name",
                "/spec/names/kind",
                "/spec/names/plural",
            ];
            kinds.push(kind(&format!("{} true", words.map(text).join(" "))));
        }
        self.serve("/api", discovery(&kinds, true));
        self.serve("/apis", discovery(&kinds, false));
    }
}

impl Deref for FakeCluster {
    type Target = FakeApiServer;

    fn deref(&self) -> &FakeApiServer {
        &self.server
    }
}

fn kind(line: &str) -> Kind {
    let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
    let [group, version, kind, plural, namespaced] = words.try_into().unwrap();
    let group = if group == "core" {
        String::new()
    } else {
        group
    };
    (group, version, kind, plural, namespaced == "true")
}

/// Anything but a server-side apply would not say whose fields they are.
fn line(call: &Call) -> String {
    let name = call.path.rsplit('/').next().unwrap_or_default();
    if call.method != Method::PATCH {
        return format!("{} {name}", call.verb());
    }
    assert_eq!(call.content_type, "application/apply-patch+yaml");
    assert_eq!(call.query["fieldManager"], "knative-mnsoss-deploy");
    assert_eq!(call.query["force"], "true");
    format!("apply {name}")
}

fn discovery(kinds: &[Kind], core: bool) -> Value {
    let groups = kinds.iter().map(|kind| kind.0.as_str());
    let groups: BTreeSet<_> = groups.filter(|group| group.is_empty() == core).collect();
    let items: Vec<_> = groups
        .iter()
        .map(|group| discovered(kinds, group))
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "items": items,
    })
}

/// One group; all of its kinds are of one version.
fn discovered(kinds: &[Kind], group: &str) -> Value {
    let kinds = kinds.iter().filter(|kind| kind.0 == group);
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

/// The path of the Secret that a source names.
fn secret_of(object: &Value) -> Option<String> {
    let name = object.pointer("/spec/accessToken/secretKeyRef/name")?;
    let namespace = object["metadata"]["namespace"].as_str()?;
    Some(format!(
        "/api/v1/namespaces/{namespace}/secrets/{}",
        name.as_str()?
    ))
}

fn status(object: &Value, unready: bool) -> Value {
    let generation = &object["metadata"]["generation"];
    let condition = |type_: &str| {
        let status = if unready { "False" } else { "True" };
        json!({"observedGeneration": generation, "conditions": [
            {"type": type_, "status": status, "reason": "Because", "message": "of the test"},
        ]})
    };
    match object["kind"].as_str().unwrap_or_default() {
        "Namespace" => json!({"phase": "Active"}),
        "CustomResourceDefinition" => condition("Established"),
        "Deployment" if unready => json!({"observedGeneration": generation}),
        "Deployment" => {
            json!({"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1,
                "availableReplicas": 1})
        }
        "Service" => {
            let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
            let mut status = condition("Ready");
            let url = format!("http://{}.{}.example.com", text("name"), text("namespace"));
            status["url"] = json!(url);
            status
        }
        _ => condition("Ready"),
    }
}
