//! What alerts and the dashboard ask for, beside what the binaries export.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fake_api_server::{FakeApiServer, Socket};
use serde_json::{Value, json};
use testbed::{Launch, Process, Progress, build, executable, poll_until, workspace_root};

use crate::fixture::{DEADLINE, Fixture, pipeline, portrait};

const SOURCE: &str =
    "/apis/sources.eventing.knative.dev/v1alpha1/namespaces/shop/mnsosssources/photos";
const SECRET: &str = "/api/v1/namespaces/shop/secrets/keys";
/// Labels that Prometheus gives, as the `PodMonitor`s tell it.
const GIVEN: [&str; 3] = ["namespace", "pod", "source"];
/// Prefixes of our metrics.
const OURS: [&str; 4] = ["adapter_", "face_", "source_controller_", "http_client_"];

/// The label sets of each metric: label to value.
type Exported = BTreeMap<String, Vec<BTreeMap<String, String>>>;

#[tokio::test]
async fn every_query_is_about_what_the_binaries_export() {
    let pipeline = pipeline(|_| ()).await;
    pipeline.annotate("portrait.jpg", portrait()).await;
    let folder = tempfile::tempdir().unwrap();
    let server = FakeApiServer::new();
    let socket = server.listen().await.unwrap();
    fill(&server, &pipeline);
    let controller = Process::start(controller(&socket, folder.path()).await).await;
    let controller = controller.unwrap();
    let addresses = pipeline.services.addresses();
    let pages = [
        addresses.source_adapter.as_str(),
        addresses.face_recognition.as_str(),
        controller.address("http").unwrap(),
    ];

    let exported = poll_until(
        "what the controller found in the queue",
        DEADLINE,
        || async {
            let mut exported = Exported::new();
            for page in pages {
                let url = format!("http://{page}/metrics");
                let page = pipeline.services.http.get(url).send().await?.text().await?;
                read(&page, &mut exported);
            }
            let is_there =
                exported.contains_key("source_controller_queue_next_message_age_seconds");
            let missing = || format!("not yet: {:?}", exported.keys());
            Ok(if is_there {
                Progress::Done(exported)
            } else {
                Progress::Pending(missing())
            })
        },
    );
    let exported = exported.await.unwrap();
    let queries = queries();
    assert!(queries.len() > 20, "{queries:?}");
    for query in &queries {
        check(query, &exported);
    }
    controller.stop().await.unwrap();
    pipeline.stop().await;
}

/// All queries of the rendered files.
fn queries() -> Vec<String> {
    fn collect(value: &Value, queries: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                queries.extend(
                    fields
                        .get("expr")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                );
                fields.values().for_each(|value| collect(value, queries));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, queries)),
            _ => {}
        }
    }
    let folder = workspace_root().join("deploy/observability");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let mut queries = Vec::new();
    collect(
        &serde_json::from_str(&read("dashboard.json")).unwrap(),
        &mut queries,
    );
    let rules: Value = serde_saphyr::from_str(&read("rules.yaml")).unwrap();
    collect(&rules, &mut queries);
    queries
}

/// Each metric of a query is exported, with each label and each value that it asks for, and with
/// each label that it groups by.
fn check(query: &str, exported: &Exported) {
    let mut labels = BTreeSet::new();
    let mut rest = query;
    while let Some(start) = OURS.iter().filter_map(|prefix| rest.find(prefix)).min() {
        rest = &rest[start..];
        let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_');
        let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let found = exported.get(name);
        let found = found.unwrap_or_else(|| panic!("`{name}` is not exported: {query}"));
        labels.extend(found.iter().flat_map(BTreeMap::keys).map(String::as_str));
        rest = behind;
        let Some((matchers, behind)) = behind.strip_prefix('{').and_then(|it| it.split_once('}'))
        else {
            continue;
        };
        rest = behind;
        for matcher in matchers.split(',') {
            let (label, values) = matcher.split_once('=').unwrap();
            if GIVEN.contains(&label) {
                continue;
            }
            let values = values.trim_start_matches('~').trim_matches('"');
            for value in values.split('|') {
                let has =
                    |set: &BTreeMap<_, _>| set.get(label).is_some_and(|it: &String| it == value);
                assert!(
                    found.iter().any(has),
                    "no `{name}` has {label}={value}: {query}"
                );
            }
        }
    }
    for groups in query.split("by (").skip(1) {
        let (groups, _) = groups.split_once(')').unwrap();
        for label in groups.split(", ") {
            assert!(
                GIVEN.contains(&label) || labels.contains(label),
                "no metric has a label `{label}`: {query}"
            );
        }
    }
}

/// Reads a page of `OpenMetrics` text.
fn read(page: &str, exported: &mut Exported) {
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let end = line.find(['{', ' ']).unwrap();
        let (name, rest) = line.split_at(end);
        let labels = rest.strip_prefix('{').and_then(|it| it.split_once('}'));
        let labels = labels.map_or("", |(labels, _)| labels);
        let labels = labels
            .split("\",")
            .filter_map(|pair| pair.split_once("=\""));
        let labels =
            labels.map(|(label, value)| (label.to_owned(), value.trim_matches('"').to_owned()));
        exported
            .entry(name.to_owned())
            .or_default()
            .push(labels.collect());
    }
}

/// How to start the controller beside the API server.
pub(crate) async fn controller(server: &Socket, folder: &std::path::Path) -> Launch {
    let messages = build(&["source-controller", "xtask"]).await.unwrap();
    let kubeconfig = folder.join("kubeconfig.json");
    std::fs::write(&kubeconfig, server.kubeconfig("home").to_string()).unwrap();
    let variables = [
        ("KUBECONFIG", kubeconfig.to_string_lossy().into_owned()),
        ("ADAPTER_IMAGE", "example.com/source:1".to_owned()),
        ("ALLOW_PRIVATE_ENDPOINTS", "127.0.0.1".to_owned()),
        ("CLUSTER_DOMAIN", "cluster.local".to_owned()),
    ];
    Launch {
        name: "source-controller",
        executable: executable(&messages, "source-controller").unwrap(),
        args: vec!["--listen".into(), "127.0.0.1:0".into()],
        env: variables
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        folder: folder.to_owned(),
    }
}

/// A source of the pipeline's own queue.
pub(crate) fn fill(server: &FakeApiServer, pipeline: &Fixture) {
    let document = json!({
        "url": format!("http://{}", pipeline.services.addresses().mns),
        "accessKeyId": testbed::ACCESS_KEY_ID,
        "accessKeySecret": testbed::ACCESS_KEY_SECRET,
        "accountId": testbed::ACCOUNT,
        "region": testbed::REGION,
    });
    let document = BASE64_STANDARD.encode(document.to_string());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "keys", "namespace": "shop"},
        "data": {"mns": document},
    });
    let source = json!({
        "apiVersion": "sources.eventing.knative.dev/v1alpha1", "kind": "MnsOssSource",
        "metadata": {"name": "photos", "namespace": "shop"},
        "spec": {
            "queue": testbed::QUEUE,
            "accessToken": {"secretKeyRef": {"name": "keys", "key": "mns"}},
            "sink": {"uri": "http://sink.example.com/"},
        },
    });
    server.put(SECRET, secret);
    server.put(SOURCE, source);
}
