//! The server as its owner sees it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Body, Frame};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::call::Call;
use crate::path::ResourcePath;
use crate::store::{Labels, Outcome, Store, failure};
use crate::watch::{metadata, watch};

/// The body of an answer.
pub type Answer = UnsyncBoxBody<Bytes, Infallible>;

/// An API server. Cheap to clone; clones are the same server.
#[derive(Clone, Debug)]
pub struct FakeApiServer(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    store: Mutex<Store>,
    calls: Mutex<Vec<Call>>,
    failures: Mutex<HashMap<(Method, String), (u16, String)>>,
    latency: Mutex<Duration>,
}

impl Default for FakeApiServer {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeApiServer {
    /// A server that knows of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            store: Mutex::new(Store::new()),
            calls: Mutex::default(),
            failures: Mutex::default(),
            latency: Mutex::default(),
        }))
    }

    /// Answers a call.
    pub async fn answer<B: Body>(&self, request: Request<B>) -> Response<Answer> {
        let call = Call::read(request).await;
        self.0.calls.lock().push(call.clone());
        let latency = *self.0.latency.lock();
        if !latency.is_zero() {
            sleep(latency).await;
        }
        match self.prepared_failure(&call) {
            Some(failure) => response(failure),
            None if call.is_write() => response(self.0.store().write(&call)),
            None => self.read(&call),
        }
    }

    /// Answers so much later from now on.
    pub fn set_latency(&self, latency: Duration) {
        *self.0.latency.lock() = latency;
    }

    /// Puts an object in place, as another client would. The path ends in its name.
    pub fn put(&self, path: &str, object: Value) {
        self.0.store().put(path, object);
    }

    /// Answers reads of a path with a document that is no object, such as one of discovery.
    pub fn serve(&self, path: &str, document: Value) {
        self.0.store().keep_document(path, document);
    }

    /// Gives every object that is put or written from now on the status that `status` says, as
    /// controllers would, but at once. It gets the object with the old status, and a function
    /// that reads what is at a path.
    pub fn set_status(
        &self,
        status: impl Fn(&Value, &dyn Fn(&str) -> Option<Value>) -> Value + Send + Sync + 'static,
    ) {
        self.0.store().set_status(Box::new(status));
    }

    /// The paths of all objects, in order.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let store = self.0.store();
        store.under("").map(|(path, _)| path.to_owned()).collect()
    }

    /// What is at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Value> {
        self.0.store().get(path)
    }

    /// All objects whose path begins so, in the order of their paths.
    #[must_use]
    pub fn under(&self, path: &str) -> Vec<Value> {
        let store = self.0.store();
        store.under(path).map(|(_, object)| object).collect()
    }

    /// How many of them are so.
    #[must_use]
    pub fn count(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> usize {
        let store = self.0.store();
        store
            .under(path)
            .filter(|(_, object)| is_so(object))
            .count()
    }

    /// Changes an object, as another client would. Does nothing if there is none.
    pub fn change(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut store = self.0.store();
        if let Some(mut object) = store.get(path) {
            change(&mut object);
            store.put(path, object);
        }
    }

    /// Takes away what is at a path at once, whatever finalizers it has.
    pub fn remove(&self, path: &str) {
        self.0.store().remove(path);
    }

    /// Answers calls of this method to this path with a failure from now on.
    pub fn fail(&self, method: Method, path: &str, status: u16, reason: &str) {
        let failure = (status, reason.to_owned());
        self.0
            .failures
            .lock()
            .insert((method, path.to_owned()), failure);
    }

    /// Answers as usual again.
    pub fn heal(&self) {
        self.0.failures.lock().clear();
    }

    /// The calls since this was last asked, in order.
    #[expect(
        clippy::must_use_candidate,
        reason = "asking is also how to begin anew"
    )]
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.calls.lock())
    }

    fn prepared_failure(&self, call: &Call) -> Option<Outcome> {
        let failures = self.0.failures.lock();
        let (status, reason) = failures.get(&(call.method.clone(), call.path.clone()))?;
        Some(failure(*status, reason))
    }

    fn read(&self, call: &Call) -> Response<Answer> {
        if let Some(found) = self.0.store().get(&call.path) {
            return response((200, shown(call, found)));
        }
        let list = ResourcePath::parse(&call.path).filter(|path| path.name.is_none());
        let Some(list) = list else {
            return response(failure(404, "NotFound"));
        };
        let Some(labels) = labels(call) else {
            return response(failure(400, "BadRequest"));
        };
        if !call.is_watch() {
            return response((200, self.list(call, &list, &labels)));
        }
        let lines = watch(&self.0, call, list, labels);
        let frames = lines.map(|line| Ok::<_, Infallible>(Frame::data(line)));
        answer(200, StreamBody::new(frames).boxed_unsync())
    }

    fn list(&self, call: &Call, list: &ResourcePath, labels: &Labels) -> Value {
        let store = self.0.store();
        let page = Page::of(call, store.version());
        let mut objects = store.list(list, labels, page.after.as_deref()).peekable();
        let mut items = Vec::new();
        let mut next = String::new();
        while let Some((path, object)) = objects.next() {
            items.push(shown(call, object));
            if items.len() == page.limit && objects.peek().is_some() {
                next = format!("{}:{path}", page.version);
                break;
            }
        }
        let (kind, api_version) = if call.wants_metadata() {
            ("PartialObjectMetadataList", "meta.k8s.io/v1")
        } else {
            ("List", "v1")
        };
        json!({
            "kind": kind,
            "apiVersion": api_version,
            "metadata": {"resourceVersion": page.version.to_string(), "continue": next},
            "items": items,
        })
    }
}

impl Shared {
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock()
    }
}

/// The labels asked for; `None` if they are asked for in a way that is not understood here.
fn labels(call: &Call) -> Option<Labels> {
    if call.query.contains_key("fieldSelector") || call.query.contains_key("sendInitialEvents") {
        return None;
    }
    let selector = call.query.get("labelSelector");
    let pairs = selector.into_iter().flat_map(|it| it.split(','));
    let pairs = pairs.filter(|pair| !pair.is_empty()).map(|pair| {
        let Some((name, value)) = pair.split_once('=') else {
            return is_name(pair).then(|| (pair.to_owned(), None));
        };
        let is_plain = !name.ends_with('!') && !value.starts_with('=');
        is_plain.then(|| (name.to_owned(), Some(value.to_owned())))
    });
    pairs.collect()
}

/// Whether a selector is the name of a label and nothing more.
fn is_name(selector: &str) -> bool {
    let is_of_name =
        |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
    selector.chars().all(is_of_name)
}

/// Which part of a list is asked for.
struct Page {
    limit: usize,
    /// The last path of the page before.
    after: Option<String>,
    /// The version of the first page.
    version: u64,
}

impl Page {
    fn of(call: &Call, newest: u64) -> Self {
        let limit = call.query.get("limit").and_then(|it| it.parse().ok());
        // What may be of any version comes out of a server's cache, at once.
        let is_any = call
            .query
            .get("resourceVersion")
            .is_some_and(|it| it == "0");
        let limit = limit.filter(|limit| *limit > 0 && !is_any);
        let before = call.query.get("continue").and_then(|it| it.split_once(':'));
        Self {
            limit: limit.unwrap_or(usize::MAX),
            after: before.map(|(_, path)| path.to_owned()),
            version: before.and_then(|it| it.0.parse().ok()).unwrap_or(newest),
        }
    }
}

fn shown(call: &Call, object: Value) -> Value {
    if call.wants_metadata() {
        metadata(&object)
    } else {
        object
    }
}

fn response((status, document): Outcome) -> Response<Answer> {
    answer(status, Full::from(document.to_string()).boxed_unsync())
}

fn answer(status: u16, body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
