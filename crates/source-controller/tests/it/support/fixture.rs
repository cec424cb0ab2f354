//! A cluster with one source in it, an account of MNS, and the controller's reconciles.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::runtime::controller::Action;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use source_api::{MnsOssSource, TemplateKeys, names};
use source_controller::WatchedNamespaces;
use source_controller::backlog::Backlogs;
use source_controller::context::{Context, Parts};
use source_controller::controller::WatchInputs;
use source_controller::deployment::{AdapterSettings, CloudVariables};
use source_controller::error::ReconcileError;
use source_controller::metrics::Metrics;
use source_controller::reconcile::reconcile;
use source_controller::recorder::Recorder;
use source_controller::requeue::RequeuePolicy;

use super::cloud::{ACCOUNT, Cloud, KEY_ID, KEY_SECRET, REGION, transport};
use super::cluster::Cluster;

pub(crate) const UID: &str = "9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d";
pub(crate) const SOURCE: &str =
    "/apis/sources.eventing.knative.dev/v1alpha1/namespaces/shop/mnsosssources/photos";
pub(crate) const SECRET: &str = "/api/v1/namespaces/shop/secrets/mnsoss-secret";
pub(crate) const BROKER: &str = "/apis/eventing.knative.dev/v1/namespaces/shop/brokers/default";
pub(crate) const TOPIC: &str = "mns-en-topics-oss-photos-1";
pub(crate) const RESYNC: Duration = Duration::from_mins(5);

/// Everything that one source touches.
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) cloud: Cloud,
    pub(crate) ctx: Arc<Context>,
    pub(crate) inputs: WatchInputs,
}

impl World {
    /// A source with a sink, a Secret and a topic that are all there, not looked at yet.
    pub(crate) async fn start() -> Self {
        let world = Self::empty().await;
        world.put_source(&modern_spec());
        world.put_secret(KEY_ID, KEY_SECRET);
        world.put_broker();
        world
    }

    /// A cluster with Knative Eventing, and a topic.
    pub(crate) async fn empty() -> Self {
        let cluster = Cluster::start();
        let cloud = Cloud::start(&[TOPIC]).await;
        serve_eventing(&cluster);
        let (ctx, inputs) = context_at(&cluster, &cloud);
        Self {
            cluster,
            cloud,
            ctx,
            inputs,
        }
    }

    /// As [`start`](Self::start), with an event rule in place of the topic.
    pub(crate) async fn start_ruled() -> Self {
        let world = Self::start().await;
        world.put_source(&ruled_spec());
        world
    }

    /// The controller as it is after a restart.
    pub(crate) fn restart(&mut self) {
        (self.ctx, self.inputs) = context_at(&self.cluster, &self.cloud);
    }

    pub(crate) fn put_source(&self, spec: &Value) {
        let source = json!({
            "apiVersion": "sources.eventing.knative.dev/v1alpha1",
            "kind": "MnsOssSource",
            "metadata": {"name": "photos", "namespace": "shop", "uid": UID},
            "spec": spec,
        });
        self.cluster.put(SOURCE, source);
    }

    /// Changes the source's `spec`, as its user would.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        self.cluster
            .change(SOURCE, |source| change(&mut source["spec"]));
    }

    pub(crate) fn put_secret(&self, id: &str, secret: &str) {
        let document = json!({
            "url": self.cloud.url, "accessKeyId": id, "accessKeySecret": secret,
            "accountId": ACCOUNT, "region": REGION,
        });
        self.put_secret_text(&document.to_string());
    }

    pub(crate) fn put_secret_text(&self, text: &str) {
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "mnsoss-secret", "namespace": "shop"},
            "data": {"mns": STANDARD.encode(text)},
        });
        self.cluster.put(SECRET, secret);
    }

    pub(crate) fn put_broker(&self) {
        let broker = json!({
            "apiVersion": "eventing.knative.dev/v1",
            "kind": "Broker",
            "metadata": {"name": "default", "namespace": "shop"},
            "status": {"address": {"url": "http://broker-ingress.knative-eventing.svc.cluster.local/shop/default"}},
        });
        self.cluster.put(BROKER, broker);
    }

    /// One reconcile, as the controller runs it after a change.
    pub(crate) async fn reconcile(&self) -> Result<Action, ReconcileError> {
        let source = self.cluster.get(SOURCE).expect("the source is there");
        let source: MnsOssSource = serde_json::from_value(source).unwrap();
        let reconcile = reconcile(Arc::new(source), Arc::clone(&self.ctx));
        tokio::time::timeout(Duration::from_mins(1), reconcile)
            .await
            .expect("a reconcile ends")
    }

    /// As many reconciles as it takes until nothing is written any more.
    pub(crate) async fn settle(&self) {
        for _ in 0..5 {
            self.cluster.calls();
            self.reconcile().await.unwrap();
            if self.cluster.writes().is_empty() {
                return;
            }
        }
        panic!("still writing: {:?}", self.cluster.writes());
    }

    /// Settled, with an adapter that runs.
    pub(crate) async fn settle_ready(&self) {
        self.settle().await;
        self.run_adapter();
        self.settle().await;
        assert_eq!(self.ready(), "True", "{}", self.conditions());
    }

    /// What a Deployment's own controller does: all pods come up.
    pub(crate) fn run_adapter(&self) {
        self.cluster.change(&deployment_path(), |deployment| {
            let replicas = deployment["spec"]["replicas"].clone();
            deployment["status"] = json!({
                "observedGeneration": deployment["metadata"]["generation"],
                "replicas": replicas,
                "availableReplicas": replicas,
                "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "Deployment has minimum availability."}],
            });
        });
    }

    pub(crate) fn source(&self) -> Value {
        self.cluster.get(SOURCE).expect("the source is there")
    }

    pub(crate) fn status(&self) -> Value {
        self.source()["status"].clone()
    }

    pub(crate) fn deployment(&self) -> Value {
        let deployment = self.cluster.get(&deployment_path());
        deployment.expect("the deployment is there")
    }

    /// Value of a variable of the adapter.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let deployment = self.deployment();
        let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
        let variable = env
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["name"] == name)?;
        Some(variable["value"].as_str().unwrap().to_owned())
    }

    pub(crate) fn ready(&self) -> String {
        self.condition("Ready")["status"]
            .as_str()
            .unwrap_or("absent")
            .to_owned()
    }

    pub(crate) fn condition(&self, type_: &str) -> Value {
        condition(&self.source(), type_)
    }

    /// All conditions, one line each, without times.
    pub(crate) fn conditions(&self) -> String {
        let status = self.status();
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        let line = |condition: &Value| {
            let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
            let severity = match text("severity") {
                severity if severity.is_empty() => severity,
                severity => format!(" [{severity}]"),
            };
            let line = format!(
                "{}{severity}: {} {} {}",
                text("type"),
                text("status"),
                text("reason"),
                text("message")
            );
            self.without_port(line.trim_end())
        };
        conditions.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Kubernetes Events so far, one line each, in the order in which they were written.
    pub(crate) fn events(&self) -> String {
        let mut events = self
            .cluster
            .under("/apis/events.k8s.io/v1/namespaces/shop/events/");
        events.sort_by_key(|event| {
            let version = event["metadata"]["resourceVersion"].as_str().unwrap();
            version.parse::<u64>().unwrap()
        });
        let line = |event: &Value| {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            let line = format!("{} {}: {}", text("type"), text("reason"), text("note"));
            self.without_port(&line)
        };
        events.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn without_port(&self, text: &str) -> String {
        text.replace(&self.cloud.url, "http://mns.test")
            .replace(&self.cloud.open_api.to_string(), "http://mns-open.test")
    }

    /// What the controller's queue is called.
    pub(crate) fn queue_name() -> String {
        names::queue("shop", "photos", UID)
    }
}

pub(crate) fn deployment_path() -> String {
    let name = names::adapter("photos", UID);
    format!("/apis/apps/v1/namespaces/shop/deployments/{name}")
}

/// A source as one would write it today.
pub(crate) fn modern_spec() -> Value {
    json!({
        "topic": TOPIC,
        "accessToken": {"secretKeyRef": {"name": "mnsoss-secret", "key": "mns"}},
        "sink": {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"}},
        "consumers": 1,
    })
}

/// A source that wants an event rule.
pub(crate) fn ruled_spec() -> Value {
    let mut spec = modern_spec();
    spec.as_object_mut().unwrap().remove("topic");
    spec["eventRule"] = json!({"bucket": "photos", "prefix": "in/", "excludePrefix": "in/out/"});
    spec
}

/// One condition of a source; null if it has none of that type.
pub(crate) fn condition(source: &Value, type_: &str) -> Value {
    let conditions = source["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    let found = conditions.find(|condition| condition["type"] == type_);
    found.cloned().unwrap_or_default()
}

/// A controller that has just started.
pub(crate) fn context(cluster: &Cluster) -> (Arc<Context>, WatchInputs) {
    context_in(cluster, WatchedNamespaces::cluster())
}

/// A controller that has just started and watches these namespaces.
pub(crate) fn context_in(
    cluster: &Cluster,
    watched_namespaces: WatchedNamespaces,
) -> (Arc<Context>, WatchInputs) {
    context_of(Parts {
        watched_namespaces,
        ..parts(cluster)
    })
}

/// A controller that has just started and knows this OpenAPI.
fn context_at(cluster: &Cluster, cloud: &Cloud) -> (Arc<Context>, WatchInputs) {
    context_of(Parts {
        open_api: Some(cloud.open_api.clone()),
        ..parts(cluster)
    })
}

/// A controller of these parts that has just started.
pub(crate) fn context_of(parts: Parts) -> (Arc<Context>, WatchInputs) {
    let (context, inputs) = Context::new(parts);
    (Arc::new(context), inputs)
}

/// The parts of a controller of the whole cluster.
pub(crate) fn parts(cluster: &Cluster) -> Parts {
    let client = cluster.client();
    Parts {
        transport: transport(),
        cloud_identity: None,
        recorder: Recorder::new(client.clone(), "mnsoss-source-controller".into()),
        adapter: AdapterSettings {
            image: "example.com/source:1".to_owned(),
            log_filter: Some("info".to_owned()),
            log_format: "json".to_owned(),
            otlp_endpoint: None,
            traces_sampling_rate: None,
            template_keys: TemplateKeys::default(),
            cloud: CloudVariables::default(),
        },
        requeue: RequeuePolicy::new(RESYNC),
        metrics: Metrics::new(&mut Registry::default()),
        backlogs: Backlogs::default(),
        watched_namespaces: WatchedNamespaces::cluster(),
        cluster_domain: "cluster.local".to_owned(),
        knative_namespace: "knative-eventing".to_owned(),
        open_api: None,
        scaler_address: None,
        client,
    }
}

/// What Knative Eventing serves today.
fn serve_eventing(cluster: &Cluster) {
    let resource = |name: &str, kind: &str| json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list", "watch"]});
    let version = |version: &str, resources: Value| {
        let group_version = format!("eventing.knative.dev/{version}");
        let list = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources});
        (format!("/apis/{group_version}"), list)
    };
    let event_types = || json!([resource("eventtypes", "EventType")]);
    for (path, list) in [
        version(
            "v1",
            json!([
                resource("brokers", "Broker"),
                resource("triggers", "Trigger")
            ]),
        ),
        version("v1beta2", event_types()),
        version("v1beta3", event_types()),
    ] {
        cluster.serve(&path, list);
    }
    let group_version = |version: &str| json!({"groupVersion": format!("eventing.knative.dev/{version}"), "version": version});
    let groups = json!({
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [{
            "name": "eventing.knative.dev",
            "versions": [group_version("v1"), group_version("v1beta3"), group_version("v1beta2")],
            "preferredVersion": group_version("v1"),
        }],
    });
    cluster.serve("/apis", groups);
}
