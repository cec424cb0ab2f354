//! An API server in memory, as far as a controller can tell: it keeps objects by path,
//! applies patches, answers lists and watches, and remembers every call in order.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use kube::Client;
use kube::client::Body;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tower_test::mock;

/// The body of an answer.
type Answer = UnsyncBoxBody<Bytes, Infallible>;

/// The server. Ends with the value.
pub(crate) struct Cluster {
    state: Arc<Mutex<State>>,
    client: Client,
    server: JoinHandle<()>,
}

struct State {
    objects: BTreeMap<String, Value>,
    calls: Vec<Call>,
    failures: HashMap<(Method, String), (u16, &'static str)>,
    version: u64,
    changes: broadcast::Sender<Change>,
}

/// Something for those who watch.
#[derive(Clone, Debug)]
struct Change {
    collection: String,
    event: Value,
}

/// One call that was made.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) content_type: String,
    pub(crate) accept: String,
    pub(crate) body: Value,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let (service, mut handle) = mock::pair::<Request<Body>, Response<Answer>>();
        let state = Arc::new(Mutex::new(State {
            objects: BTreeMap::new(),
            calls: Vec::new(),
            failures: HashMap::new(),
            version: 0,
            changes: broadcast::channel(1024).0,
        }));
        let serving = Arc::clone(&state);
        let server = tokio::spawn(async move {
            while let Some((request, reply)) = handle.next_request().await {
                let call = read(request).await;
                let answer = serving.lock().unwrap().answer(&call);
                reply.send_response(answer);
            }
        });
        Self {
            state,
            client: Client::new(service, "default"),
            server,
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Puts an object in place, as somebody else would.
    pub(crate) fn put(&self, path: &str, object: Value) {
        self.state().store(path, object);
    }

    /// Puts a document in place that is no object, such as what discovery finds.
    pub(crate) fn serve(&self, path: &str, document: Value) {
        self.state().objects.insert(path.to_owned(), document);
    }

    /// All objects whose path begins so.
    pub(crate) fn under(&self, path: &str) -> Vec<Value> {
        let state = self.state();
        let objects = state.objects.iter();
        let under = objects.filter(|(found, _)| found.starts_with(path));
        under.map(|(_, object)| object.clone()).collect()
    }

    pub(crate) fn remove(&self, path: &str) {
        self.state().delete(path);
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.state().objects.get(path).cloned()
    }

    /// Changes an object, as somebody else would.
    pub(crate) fn change(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        let mut object = state.objects[path].clone();
        change(&mut object);
        state.store(path, object);
    }

    /// Answers a call with a failure from now on.
    pub(crate) fn fail(&self, method: Method, path: &str, status: u16, reason: &'static str) {
        let key = (method, path.to_owned());
        self.state().failures.insert(key, (status, reason));
    }

    /// Answers as usual again.
    pub(crate) fn heal(&self) {
        self.state().failures.clear();
    }

    /// The calls since this was last asked.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// The calls since they were last asked for, one line each; of them only what writes.
    pub(crate) fn writes(&self) -> Vec<String> {
        let calls = self.calls().into_iter();
        let writes = calls.filter(|call| call.method != Method::GET);
        writes.map(|call| call.line()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Call {
    /// Method, path without its beginning, and how the body is meant.
    pub(crate) fn line(&self) -> String {
        let Self {
            method,
            path,
            content_type,
            ..
        } = self;
        let short = path
            .replace("/apis/sources.eventing.knative.dev/v1alpha1", "")
            .replace("/apis/", "")
            .replace("/api/v1/", "")
            .replace("/namespaces/shop", "")
            .replace("namespaces/shop/", "");
        let kind = match content_type.as_str() {
            "application/apply-patch+yaml" => " (apply)",
            "application/merge-patch+json" => " (merge)",
            _ => "",
        };
        format!("{method} {short}{kind}")
    }
}

impl State {
    fn answer(&mut self, call: &Call) -> Response<Answer> {
        self.calls.push(call.clone());
        let failure = self.failures.get(&(call.method.clone(), call.path.clone()));
        let (status, body) = match failure {
            Some((code, reason)) => failed(*code, reason),
            None if call.query.contains_key("watch") => return self.watch(call),
            None => self.serve(call),
        };
        response(status, Full::from(body.to_string()).boxed_unsync())
    }

    fn serve(&mut self, call: &Call) -> (u16, Value) {
        let Call {
            method, path, body, ..
        } = call;
        match *method {
            Method::GET => self.read(call),
            Method::POST => {
                let name = body["metadata"]["name"].as_str().unwrap().to_owned();
                (201, self.store(&format!("{path}/{name}"), body.clone()))
            }
            Method::PUT if self.is_outdated(path, body) => failed(409, "Conflict"),
            Method::PUT => (200, self.store(path, body.clone())),
            Method::PATCH => self.patch(call),
            Method::DELETE => match self.delete(path) {
                Some(object) => (200, object),
                None => failed(404, "NotFound"),
            },
            _ => failed(405, "MethodNotAllowed"),
        }
    }

    fn read(&self, call: &Call) -> (u16, Value) {
        if let Some(object) = self.objects.get(&call.path) {
            return (200, object.clone());
        }
        if !is_collection(&call.path) {
            return failed(404, "NotFound");
        }
        let matching = self.objects.iter().filter(|(path, object)| {
            let collection = collection(path);
            let is_there = collection == call.path || without_namespace(&collection) == call.path;
            is_there && is_selected(call, object)
        });
        let items: Vec<_> = matching.map(|(_, object)| object.clone()).collect();
        let version = self.version.to_string();
        let list = json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": items});
        (200, list)
    }

    /// Answers with what happens from now on.
    fn watch(&self, call: &Call) -> Response<Answer> {
        let changes = changes(self.changes.subscribe());
        let call = call.clone();
        let lines = changes.filter_map(move |change| {
            let Change { collection, event } = change;
            let is_there = collection == call.path || without_namespace(&collection) == call.path;
            let line = (is_there && is_selected(&call, &event["object"])).then(|| {
                let line = Bytes::from(format!("{event}\n"));
                Ok::<_, Infallible>(Frame::data(line))
            });
            std::future::ready(line)
        });
        response(200, StreamBody::new(lines).boxed_unsync())
    }

    fn patch(&mut self, call: &Call) -> (u16, Value) {
        let is_apply = call.content_type.starts_with("application/apply-patch");
        let (path, is_status) = match call.path.strip_suffix("/status") {
            Some(path) => (path, true),
            None => (call.path.as_str(), false),
        };
        let found = self.objects.get(path).cloned();
        let mut object = match found {
            Some(object) => object,
            None if is_apply && !is_status => json!({}),
            None => return failed(404, "NotFound"),
        };
        if self.is_outdated(path, &call.body) {
            return failed(409, "Conflict");
        }
        if is_status {
            // The controller owns every field of the status, so what it leaves out goes.
            object["status"] = call.body["status"].clone();
        } else {
            merge(&mut object, &call.body);
        }
        (200, self.store(path, object))
    }

    /// Whether a write is about another version than the one that is there.
    fn is_outdated(&self, path: &str, body: &Value) -> bool {
        let expected = &body["metadata"]["resourceVersion"];
        let found = self.objects.get(path);
        !expected.is_null()
            && found.is_none_or(|found| found["metadata"]["resourceVersion"] != *expected)
    }

    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        let old = self.objects.get(path);
        let is_changed = old.is_none_or(|old| old["spec"] != object["spec"]);
        let generation = old.map_or(0, |old| old["metadata"]["generation"].as_i64().unwrap());
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("uid-{}", self.version));
        }
        object["metadata"]["generation"] = json!(generation + i64::from(is_changed));
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let kind = if old.is_some() { "MODIFIED" } else { "ADDED" };
        self.objects.insert(path.to_owned(), object.clone());
        self.tell(path, kind, &object);
        object
    }

    fn delete(&mut self, path: &str) -> Option<Value> {
        let object = self.objects.remove(path)?;
        self.tell(path, "DELETED", &object);
        Some(object)
    }

    fn tell(&self, path: &str, kind: &str, object: &Value) {
        // Nobody may be watching.
        let _ = self.changes.send(Change {
            collection: collection(path),
            event: json!({"type": kind, "object": object}),
        });
    }
}

fn changes(receiver: broadcast::Receiver<Change>) -> impl Stream<Item = Change> + Send {
    stream::unfold(receiver, |mut receiver| async move {
        let change = receiver.recv().await.ok()?;
        Some((change, receiver))
    })
}

fn is_selected(call: &Call, object: &Value) -> bool {
    let selector = call.query.get("labelSelector");
    let labels = &object["metadata"]["labels"];
    selector
        .iter()
        .flat_map(|selector| selector.split(','))
        .filter_map(|pair| pair.split_once('='))
        .all(|(name, value)| labels[name] == *value)
}

/// The list that an object is in.
fn collection(path: &str) -> String {
    path.rsplit_once('/')
        .map_or("", |(list, _name)| list)
        .to_owned()
}

/// The same list over all namespaces.
fn without_namespace(collection: &str) -> String {
    let mut parts: Vec<_> = collection.split('/').collect();
    if let Some(at) = parts.iter().position(|part| *part == "namespaces") {
        parts.drain(at..at + 2);
    }
    parts.join("/")
}

/// Whether a path is that of a list: `/api/v1/secrets`, `/apis/apps/v1/namespaces/x/deployments`.
fn is_collection(path: &str) -> bool {
    let parts = without_namespace(path);
    let parts = parts.matches('/').count();
    if path.starts_with("/apis/") {
        parts == 4
    } else {
        parts == 3
    }
}

/// RFC 7396; an apply patch of a single owner does the same, but for what it leaves out.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], value);
        }
    }
}

fn failed(code: u16, reason: &str) -> (u16, Value) {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "message": format!("the server said {reason}"), "reason": reason, "code": code,
    });
    (code, status)
}

async fn read(request: Request<Body>) -> Call {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let header = |name| {
        parts
            .headers
            .get(name)
            .map_or("", |it: &HeaderValue| it.to_str().unwrap())
            .to_owned()
    };
    let (content_type, accept) = (header(CONTENT_TYPE), header(ACCEPT));
    Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: query.into_owned().collect(),
        content_type,
        accept,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

fn response(status: u16, body: Answer) -> Response<Answer> {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}
