//! Many sources in a fake cluster, and the controller that keeps them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fake_api_server::{Call, DeploymentController, FakeApiServer, Socket};
use serde_json::{Value, json};
use testbed::meter::{self, Meter};
use testbed::metrics::scrape;
use testbed::{Cloud, Fault, FaultKind, Launch, Process, Progress, Services, poll_until};

use crate::bench::{Bench, EmulatedCloud};

/// Beyond what thousands of sources take on a busy machine.
pub(super) const DEADLINE: Duration = Duration::from_mins(10);
/// Pods come up so long after they were made: long enough to be seen in between.
const PODS_TAKE: Duration = Duration::from_secs(1);

const TOPIC: &str = "fleet";
const SOURCES: &str = "/apis/sources.eventing.knative.dev/v1alpha1/namespaces/fleet/mnsosssources";
const SECRETS: &str = "/api/v1/namespaces/fleet/secrets";
const BROKERS: &str = "/apis/eventing.knative.dev/v1/namespaces/fleet/brokers";

/// A cluster full of sources and the controller's process.
pub(super) struct Fleet {
    server: FakeApiServer,
    socket: Socket,
    folder: PathBuf,
    services: Services,
    cloud: Cloud,
    controller: Process,
    meter: Meter,
    /// Memory of the controller before there was a source.
    pub(super) idle_bytes: u64,
    _deployments: DeploymentController,
}

/// Resources that the controller has used so far.
#[derive(Clone, Copy)]
pub(super) struct Usage {
    pub(super) process: meter::Usage,
    pub(super) cloud_calls: f64,
}

impl Fleet {
    /// Starts all of it; the sources come last.
    pub(super) async fn start(bench: &Bench, count: u32) -> Result<Self> {
        let folder = bench.folder().join(format!("fleet-{count}"));
        std::fs::create_dir(&folder)?;
        let EmulatedCloud { services, cloud } = bench.emulated_cloud(&folder).await?;
        cloud.account.topic(TOPIC).await?;
        let server = FakeApiServer::new();
        serve_brokers(&server);
        let socket = server.listen().await?;
        let launch = launch(&bench.controller, &socket, &folder)?;
        let controller = Process::start(launch).await?;
        let meter = Meter::of(controller.id().context("the controller ended at once")?)?;
        let fleet = Self {
            idle_bytes: until_watching(&server, &meter).await?,
            _deployments: server.run_deployments(PODS_TAKE),
            server,
            socket,
            folder,
            services,
            cloud,
            controller,
            meter,
        };
        fleet.calls();
        fleet.fill(&fleet.server, count);
        Ok(fleet)
    }

    /// Ends the controller, and starts another in its place. From then on the API server and MNS
    /// answer late.
    pub(super) async fn restart(self, bench: &Bench, latency: Duration) -> Result<Self> {
        self.controller.stop().await?;
        self.server.set_latency(latency);
        let latency_ms = u64::try_from(latency.as_millis())?;
        let slow = Fault::always("mns", "*", FaultKind::Latency { latency_ms });
        self.cloud.account.admin.add_fault(&slow).await?;
        self.server.calls();
        let launch = launch(&bench.controller, &self.socket, &self.folder)?;
        let controller = Process::start(launch).await?;
        let id = controller.id().context("the controller ended at once")?;
        Ok(Self {
            controller,
            meter: Meter::of(id)?,
            ..self
        })
    }

    /// A server with the same sources and no controller.
    pub(super) fn twin(&self, count: u32) -> FakeApiServer {
        let server = FakeApiServer::new();
        self.fill(&server, count);
        server
    }

    fn fill(&self, server: &FakeApiServer, count: u32) {
        let document = json!({
            "url": format!("http://{}", self.services.addresses().mns),
            "accessKeyId": testbed::ACCESS_KEY_ID,
            "accessKeySecret": testbed::ACCESS_KEY_SECRET,
            "accountId": testbed::ACCOUNT,
            "region": testbed::REGION,
        });
        let document = BASE64_STANDARD.encode(document.to_string());
        for number in 0..count {
            let name = format!("source-{number}");
            let put = |list: &str, object: Value| server.put(&format!("{list}/{name}"), object);
            put(
                SECRETS,
                object("v1", "Secret", &name, &json!({"data": {"mns": document}})),
            );
            let url =
                format!("http://broker-ingress.knative-eventing.svc.cluster.local/fleet/{name}");
            let broker = json!({"status": {"address": {"url": url}}});
            put(
                BROKERS,
                object("eventing.knative.dev/v1", "Broker", &name, &broker),
            );
            let group = "sources.eventing.knative.dev/v1alpha1";
            put(
                SOURCES,
                object(group, "MnsOssSource", &name, &json!({"spec": spec(&name)})),
            );
        }
    }

    /// How many sources are ready.
    pub(super) fn ready(&self) -> usize {
        let is_ready = |source: &Value| {
            let conditions = source["status"]["conditions"].as_array();
            let mut conditions = conditions.into_iter().flatten();
            conditions.any(|it| it["type"] == "Ready" && it["status"] == "True")
        };
        self.server.count(SOURCES, is_ready)
    }

    /// The calls since this was last asked, without those that keep the lease.
    pub(super) fn calls(&self) -> Vec<Call> {
        let mut calls = self.server.calls();
        calls.retain(|call| call.resource() != "leases");
        calls
    }

    pub(super) async fn usage(&self) -> Result<Usage> {
        let samples = scrape(&self.services.http, self.controller.address("http")?).await?;
        Ok(Usage {
            process: self.meter.read()?,
            cloud_calls: samples.sum("source_controller_mns_calls_total", ""),
        })
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.controller.stop().await?;
        self.services.stop().await
    }
}

/// How to start the controller beside an API server.
///
/// # Errors
/// When `folder` cannot be written to.
pub(crate) fn launch(executable: &Path, server: &Socket, folder: &Path) -> Result<Launch> {
    let kubeconfig = folder.join("kubeconfig.json");
    std::fs::write(&kubeconfig, server.kubeconfig("home").to_string())?;
    let variables = [
        ("KUBECONFIG", kubeconfig.to_string_lossy().into_owned()),
        ("ADAPTER_IMAGE", "example.com/source:1".to_owned()),
        // The emulator is on this machine.
        ("ALLOW_PRIVATE_ENDPOINTS", "127.0.0.1".to_owned()),
        ("CLUSTER_DOMAIN", "cluster.local".to_owned()),
        ("RUST_LOG", "warn".to_owned()),
    ];
    Ok(Launch {
        name: "source-controller",
        executable: executable.to_owned(),
        args: vec!["--listen".into(), "127.0.0.1:0".into()],
        env: BTreeMap::from(variables.map(|(name, value)| (name.to_owned(), value))),
        folder: folder.to_owned(),
    })
}

/// Waits until the controller watches its sources, and says what it takes then.
async fn until_watching(server: &FakeApiServer, meter: &Meter) -> Result<u64> {
    let is_watching = |call: &Call| call.verb() == "watch" && call.resource() == "mnsosssources";
    poll_until("the controller's watch", DEADLINE, || async {
        let is_there = server.calls().iter().any(is_watching);
        Ok(Progress::of(is_there, || "none".to_owned()))
    })
    .await?;
    Ok(meter.read()?.peak_bytes)
}

/// An object as `kubectl apply` leaves it: with itself as text, and with a note of who set which field.
fn object(api_version: &str, kind: &str, name: &str, rest: &Value) -> Value {
    let mut object = rest.clone();
    object["apiVersion"] = json!(api_version);
    object["kind"] = json!(kind);
    object["metadata"] = json!({"name": name, "namespace": "fleet"});
    let applied = object.to_string();
    let fields = fields(&object);
    object["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": applied});
    object["metadata"]["managedFields"] = json!([{
        "manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": api_version,
        "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
    }]);
    object
}

/// The names of all fields, in the form in which a server notes them.
fn fields(value: &Value) -> Value {
    let all = value.as_object().into_iter().flatten();
    let noted = all.map(|(name, value)| (format!("f:{name}"), fields(value)));
    Value::Object(noted.collect())
}

fn spec(name: &str) -> Value {
    json!({
        "topic": TOPIC,
        "accessToken": {"secretKeyRef": {"name": name, "key": "mns"}},
        "sink": {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": name}},
        "consumers": 1,
    })
}

/// Serves the discovery document of Brokers.
fn serve_brokers(server: &FakeApiServer) {
    let broker = json!({
        "name": "brokers", "singularName": "", "namespaced": true, "kind": "Broker",
        "verbs": ["get", "list", "watch"],
    });
    let list = json!({
        "kind": "APIResourceList", "apiVersion": "v1",
        "groupVersion": "eventing.knative.dev/v1", "resources": [broker],
    });
    server.serve("/apis/eventing.knative.dev/v1", list);
}
