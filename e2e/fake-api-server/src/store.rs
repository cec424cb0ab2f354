//! The objects, and how calls change them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::ops::Bound;

use http::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::call::Call;
use crate::document::Document;
use crate::patch::{merge, prune};
use crate::path::ResourcePath;

/// How many changes are kept for watches that start from an older version.
const HISTORY: usize = 65_536;

/// An answer: status and document.
pub(crate) type Outcome = (u16, Value);

/// Labels that objects must have, with this value or any.
pub(crate) type Labels = Vec<(String, Option<String>)>;

/// The status of an object, whose old status is still in it, with a way to read others.
pub(crate) type StatusOf =
    Box<dyn Fn(&Value, &dyn Fn(&str) -> Option<Value>) -> Value + Send + Sync>;

pub(crate) struct Store {
    status_of: Option<StatusOf>,
    objects: BTreeMap<String, Document>,
    documents: HashMap<String, Value>,
    /// What each field manager applied last, by path.
    applied: HashMap<(String, String), Document>,
    changes: VecDeque<Change>,
    version: u64,
    newest: watch::Sender<u64>,
}

/// What happened to one object. Its version is that of the object afterwards.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) path: ResourcePath,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(crate) kind: &'static str,
    pub(crate) object: Document,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("objects", &self.objects)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            status_of: None,
            objects: BTreeMap::new(),
            documents: HashMap::new(),
            applied: HashMap::new(),
            changes: VecDeque::new(),
            version: 0,
            newest: watch::channel(0).0,
        }
    }

    pub(crate) fn set_status(&mut self, status_of: StatusOf) {
        self.status_of = Some(status_of);
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Wakes the watches that wait for changes.
    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// What happened after `version`; `None` if that is no longer known.
    pub(crate) fn since(&self, version: u64) -> Option<impl Iterator<Item = &Change>> {
        let first = self
            .changes
            .front()
            .map_or(self.version + 1, |it| it.version);
        let skipped = (version + 1).checked_sub(first)?;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        Some(self.changes.iter().skip(skipped))
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let object = self.objects.get(path).map(Document::read);
        object.or_else(|| self.documents.get(path).cloned())
    }

    pub(crate) fn under<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, Value)> {
        let found = self.kept(path, Bound::Included(path));
        found.map(|(path, object)| (path, object.read()))
    }

    /// What is kept under a path, from another one on.
    fn kept<'a>(
        &'a self,
        path: &'a str,
        from: Bound<&'a str>,
    ) -> impl Iterator<Item = (&'a str, &'a Document)> {
        let found = self.objects.range::<str, _>((from, Bound::Unbounded));
        let found = found.map(|(path, object)| (path.as_str(), object));
        found.take_while(move |(found, _)| found.starts_with(path))
    }

    pub(crate) fn keep_document(&mut self, path: &str, document: Value) {
        self.documents.insert(path.to_owned(), document);
    }

    /// Objects of a list, by label, with their paths: all, or those that come after a path.
    pub(crate) fn list<'a>(
        &'a self,
        list: &'a ResourcePath,
        labels: &'a Labels,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a str, Value)> {
        let root = list.root.as_str();
        let kept = self.kept(root, after.map_or(Bound::Included(root), Bound::Excluded));
        let of_list = kept.filter(move |(path, _)| {
            let path = ResourcePath::parse(path);
            path.is_some_and(|path| path.is_in(list))
        });
        let objects = of_list.map(|(path, object)| (path, object.read()));
        objects.filter(move |(_, object)| has_labels(object, labels))
    }

    /// Answers a call that writes.
    pub(crate) fn write(&mut self, call: &Call) -> Outcome {
        let Some(path) = ResourcePath::parse(&call.path) else {
            return failure(404, "NotFound");
        };
        let of_object = match &path.subresource {
            Some(subresource) => call.path.trim_end_matches(&format!("/{subresource}")),
            None => &call.path,
        };
        let is_status = match path.subresource.as_deref() {
            None => false,
            Some("status") => true,
            Some(_) => return failure(405, "MethodNotAllowed"),
        };
        match call.method {
            Method::POST => self.create(call),
            Method::PUT => self.replace(of_object, is_status, call),
            Method::PATCH => self.patch(of_object, is_status, call),
            Method::DELETE => self.delete(call),
            _ => failure(405, "MethodNotAllowed"),
        }
    }

    fn create(&mut self, call: &Call) -> Outcome {
        let metadata = &call.body["metadata"];
        let name = match (&metadata["name"], &metadata["generateName"]) {
            (Value::String(name), _) => name.clone(),
            (_, Value::String(prefix)) => format!("{prefix}{}", self.version + 1),
            _ => return failure(422, "Invalid"),
        };
        let path = format!("{}/{name}", call.path);
        if self.objects.contains_key(&path) {
            return failure(409, "AlreadyExists");
        }
        let mut object = call.body.clone();
        object["metadata"]["name"] = json!(name);
        self.finish(201, &path, object, call)
    }

    fn replace(&mut self, path: &str, is_status: bool, call: &Call) -> Outcome {
        let Some(found) = self.objects.get(path).map(Document::read) else {
            return failure(404, "NotFound");
        };
        if is_outdated(&found, &call.body) {
            return failure(409, "Conflict");
        }
        let mut object = call.body.clone();
        if is_status {
            object = found;
            object["status"] = call.body["status"].clone();
        }
        self.finish(200, path, object, call)
    }

    fn patch(&mut self, path: &str, is_status: bool, call: &Call) -> Outcome {
        let is_merge = call.content_type.starts_with("application/merge-patch");
        if !call.is_apply() && !is_merge {
            return failure(415, "UnsupportedMediaType");
        }
        let mut object = match self.objects.get(path).map(Document::read) {
            Some(found) if is_outdated(&found, &call.body) => return failure(409, "Conflict"),
            Some(found) => found,
            None if call.is_apply() && !is_status => json!({}),
            None => return failure(404, "NotFound"),
        };
        if is_status && call.is_apply() {
            // Whoever applies a status owns every field of it, so what he leaves out goes.
            object["status"] = call.body["status"].clone();
        } else if is_status {
            merge(&mut object["status"], &call.body["status"]);
        } else {
            if call.is_apply() {
                self.take_away_what_is_left_out(path, &mut object, call);
            }
            merge(&mut object, &call.body);
        }
        self.finish(200, path, object, call)
    }

    /// Removes fields that the same manager applied before and applies no longer.
    fn take_away_what_is_left_out(&mut self, path: &str, object: &mut Value, call: &Call) {
        let manager = call.query.get("fieldManager").cloned().unwrap_or_default();
        let key = (path.to_owned(), manager);
        if let Some(before) = self.applied.get(&key) {
            prune(object, &before.read(), &call.body);
        }
        if !call.is_dry_run() {
            self.applied.insert(key, Document::new(&call.body));
        }
    }

    fn finish(&mut self, status: u16, path: &str, object: Value, call: &Call) -> Outcome {
        if call.is_dry_run() {
            return (status, self.completed(path, object));
        }
        (status, self.put(path, object))
    }

    fn delete(&mut self, call: &Call) -> Outcome {
        let Some(object) = self.objects.get(&call.path).map(Document::read) else {
            return failure(404, "NotFound");
        };
        let wanted = &call.body["preconditions"]["uid"];
        if !wanted.is_null() && *wanted != object["metadata"]["uid"] {
            return failure(409, "Conflict");
        }
        if call.is_dry_run() {
            return (200, object);
        }
        if has_finalizers(&object) {
            let mut object = object;
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:01Z");
            return (200, self.put(&call.path, object));
        }
        self.remove(&call.path);
        (200, object)
    }

    /// Puts an object in place, with what a server adds. One that is being deleted and has
    /// no finalizer left is removed.
    pub(crate) fn put(&mut self, path: &str, object: Value) -> Value {
        let mut object = self.completed(path, object);
        let old = self.objects.get(path).map(Document::read);
        if old.as_ref() == Some(&object) {
            return object;
        }
        let kind = if old.is_some() { "MODIFIED" } else { "ADDED" };
        let is_gone =
            !object["metadata"]["deletionTimestamp"].is_null() && !has_finalizers(&object);
        object["metadata"]["resourceVersion"] = json!((self.version + 1).to_string());
        let kept = Document::new(&object);
        if is_gone {
            self.objects.remove(path);
            self.tell(path, "DELETED", kept);
        } else {
            self.objects.insert(path.to_owned(), kept.clone());
            self.tell(path, kind, kept);
        }
        object
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.documents.remove(path);
        self.applied.retain(|(applied, _), _| applied != path);
        if let Some(object) = self.objects.remove(path) {
            let mut object = object.read();
            object["metadata"]["resourceVersion"] = json!((self.version + 1).to_string());
            self.tell(path, "DELETED", Document::new(&object));
        }
    }

    /// An object with the fields that the server owns; its version is still the old one.
    fn completed(&self, path: &str, mut object: Value) -> Value {
        let old = self.objects.get(path).map(Document::read);
        let of_old = |field: &str| old.as_ref().map(|old| old["metadata"][field].clone());
        let is_changed = old.as_ref().is_none_or(|old| old["spec"] != object["spec"]);
        let generation = of_old("generation").and_then(|it| it.as_i64()).unwrap_or(0);
        let metadata = &mut object["metadata"];
        if let Some(uid) = of_old("uid") {
            metadata["uid"] = uid;
        } else if metadata["uid"].is_null() {
            metadata["uid"] = json!(format!("uid-{}", self.version + 1));
        }
        if metadata["creationTimestamp"].is_null() {
            metadata["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        metadata["generation"] = json!(generation + i64::from(is_changed));
        metadata["resourceVersion"] = of_old("resourceVersion").unwrap_or_default();
        if path.contains("/deployments/")
            && let Some(pod) = object.pointer_mut("/spec/template/spec")
        {
            mirror_account(pod);
        }
        if let Some(status_of) = &self.status_of {
            let read = |path: &str| self.objects.get(path).map(Document::read);
            object["status"] = status_of(&object, &read);
        }
        object
    }

    fn tell(&mut self, path: &str, kind: &'static str, object: Document) {
        self.version += 1;
        let Some(path) = ResourcePath::parse(path) else {
            return;
        };
        if self.changes.len() == HISTORY {
            self.changes.pop_front();
        }
        self.changes.push_back(Change {
            version: self.version,
            path,
            kind,
            object,
        });
        self.newest.send_replace(self.version);
    }
}

/// A pod's account has an older name, which a server keeps up to date, and goes by when the newer
/// one is not there.
fn mirror_account(pod: &mut Value) {
    const NAMES: [&str; 2] = ["serviceAccountName", "serviceAccount"];
    let [newer, older] = NAMES.map(|name| pod[name].clone());
    let account = if newer.is_null() { older } else { newer };
    if let Some(pod) = pod.as_object_mut().filter(|_| !account.is_null()) {
        pod.extend(NAMES.map(|name| (name.to_owned(), account.clone())));
    }
}

/// Whether an object has all these labels.
pub(crate) fn has_labels(object: &Value, labels: &Labels) -> bool {
    let found = &object["metadata"]["labels"];
    labels.iter().all(|(name, value)| match value {
        Some(value) => found[name] == *value,
        None => !found[name].is_null(),
    })
}

pub(crate) fn failure(code: u16, reason: &str) -> Outcome {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "message": format!("the server said {reason}"), "reason": reason, "code": code,
        "details": {"causes": [{"reason": reason}]},
    });
    (code, status)
}

/// Whether a write is about another version than the one that is there.
fn is_outdated(found: &Value, body: &Value) -> bool {
    let expected = &body["metadata"]["resourceVersion"];
    !expected.is_null() && found["metadata"]["resourceVersion"] != *expected
}

fn has_finalizers(object: &Value) -> bool {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.is_some_and(|finalizers| !finalizers.is_empty())
}
