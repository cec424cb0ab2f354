//! Lists that go on: changes as they happen, one line of JSON each.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::call::Call;
use crate::path::ResourcePath;
use crate::server::Shared;
use crate::store::{Change, Labels, failure, has_labels};

/// How long a watch lasts that has no `timeoutSeconds`.
const UNLESS_ASKED: Duration = Duration::from_mins(30);

/// A watch, and the last version that it has sent.
struct Watch {
    shared: Arc<Shared>,
    newest: watch::Receiver<u64>,
    list: ResourcePath,
    labels: Labels,
    metadata_only: bool,
    told: u64,
    is_over: bool,
}

/// What happens to a list after the version that the call names; without one, all that is
/// there comes first.
pub(crate) fn watch(
    shared: &Arc<Shared>,
    call: &Call,
    list: ResourcePath,
    labels: Labels,
) -> impl Stream<Item = Bytes> + Send + use<> {
    let version = call.query.get("resourceVersion");
    let version = version.and_then(|it| it.parse().ok()).filter(|it| *it != 0);
    let store = shared.store();
    let mut watch = Watch {
        shared: Arc::clone(shared),
        newest: store.newest(),
        metadata_only: call.wants_metadata(),
        told: version.unwrap_or(store.version()),
        is_over: false,
        list,
        labels,
    };
    let first = if version.is_some() {
        String::new()
    } else {
        let found = store.list(&watch.list, &watch.labels, None);
        found
            .map(|(_, object)| watch.line("ADDED", object))
            .collect()
    };
    drop(store);
    watch.newest.mark_changed();
    let seconds = call.query.get("timeoutSeconds");
    let seconds = seconds.and_then(|it| it.parse().ok());
    let lines = stream::unfold(watch, |mut watch| async {
        let lines = watch.next().await?;
        Some((lines, watch))
    });
    let first = stream::iter((!first.is_empty()).then_some(first));
    let end = Box::pin(sleep(seconds.map_or(UNLESS_ASKED, Duration::from_secs)));
    first.chain(lines).take_until(end).map(Bytes::from)
}

impl Watch {
    /// Waits for the next event; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        while !self.is_over {
            self.newest.changed().await.ok()?;
            let lines = self.news();
            if !lines.is_empty() {
                return Some(lines);
            }
        }
        None
    }

    /// What happened since the last time.
    fn news(&mut self) -> String {
        let shared = Arc::clone(&self.shared);
        let store = shared.store();
        self.newest.mark_unchanged();
        let Some(changes) = store.since(self.told) else {
            self.is_over = true;
            let (_, status) = failure(410, "Expired");
            return self.line("ERROR", status);
        };
        self.told = store.version();
        changes.filter_map(|change| self.line_of(change)).collect()
    }

    /// The line about a change, if it is of the list.
    fn line_of(&self, change: &Change) -> Option<String> {
        if !change.path.is_in(&self.list) {
            return None;
        }
        let object = change.object.read();
        has_labels(&object, &self.labels).then(|| self.line(change.kind, object))
    }

    fn line(&self, kind: &str, object: Value) -> String {
        let object = if self.metadata_only && kind != "ERROR" {
            metadata(&object)
        } else {
            object
        };
        format!("{}\n", json!({"type": kind, "object": object}))
    }
}

/// An object for a client that asks for metadata alone.
pub(crate) fn metadata(object: &Value) -> Value {
    json!({
        "apiVersion": "meta.k8s.io/v1",
        "kind": "PartialObjectMetadata",
        "metadata": object["metadata"],
    })
}
