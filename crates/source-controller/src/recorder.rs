//! Publishes Kubernetes events, and counts those that repeat.
//!
//! An event that repeats within some minutes is counted in the existing object (its series), so that
//! a source which flaps does not fill the cluster. Of each event only the name and the count are kept
//! in memory. kube's own recorder keeps whole events, which take more memory than the sources do, and
//! goes through all of them whenever it publishes one.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event as Document, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::events::{Event, EventType, Reporter};
use kube::{Client, Resource as _};
use parking_lot::{Mutex, MutexGuard};
use serde_json::json;
use source_api::names;
use tokio::time::Instant;

/// For how long after the last one an event counts as repeated.
const REPEATS: Duration = Duration::from_mins(6);
/// Pause between two removals of expired events.
const SWEEP: Duration = Duration::from_mins(1);

/// Publishes events.
pub struct Recorder {
    client: Client,
    reporter: Reporter,
    published: Mutex<Published>,
}

/// The events of the last minutes.
struct Published {
    series: HashMap<Key, Series>,
    swept: Instant,
}

/// Two events with the same key are repetitions: the object's uid, and the reason.
type Key = (String, String);

/// An event that is in the cluster.
#[derive(Clone)]
struct Series {
    name: String,
    count: i32,
    last: Instant,
}

impl Recorder {
    /// Publishes in the name of `reporter`.
    #[must_use]
    pub fn new(client: Client, reporter: Reporter) -> Self {
        Self {
            client,
            reporter,
            published: Mutex::new(Published {
                series: HashMap::new(),
                swept: Instant::now(),
            }),
        }
    }

    /// Publishes an event about an object, in its namespace.
    ///
    /// # Errors
    /// The API server refused it; nothing was published.
    pub async fn publish(&self, event: &Event, about: &ObjectReference) -> kube::Result<()> {
        let namespace = about.namespace.as_deref().unwrap_or("default");
        let events: Api<Document> = Api::namespaced(self.client.clone(), namespace);
        let key = (about.uid.clone().unwrap_or_default(), event.reason.clone());
        let now = Timestamp::now();
        let known = self.lock().recent(&key);
        let series = if let Some(Series { name, count, .. }) = known {
            let count = count.saturating_add(1);
            let counted = EventSeries {
                count,
                last_observed_time: MicroTime(now),
            };
            let patch = json!({
                "apiVersion": Document::api_version(&()),
                "kind": Document::kind(&()),
                "series": counted,
            });
            let params = PatchParams::default();
            let patched = events.patch(&name, &params, &Patch::Merge(patch)).await;
            // If it no longer exists, the next event is a new object.
            patched.inspect_err(|_| self.lock().forget(&key))?;
            Series::new(name, count)
        } else {
            let document = self.document(event, about, now);
            events.create(&PostParams::default(), &document).await?;
            Series::new(document.metadata.name.unwrap_or_default(), 1)
        };
        self.lock().series.insert(key, series);
        Ok(())
    }

    fn document(&self, event: &Event, about: &ObjectReference, now: Timestamp) -> Document {
        let Reporter {
            controller,
            instance,
        } = &self.reporter;
        let name = about.name.as_ref().unwrap_or(controller);
        let type_ = match event.type_ {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        };
        // A source's name alone may have the maximum length of an event's name.
        let name = names::child_name(name, &format!(".{:x}", now.as_nanosecond()));
        Document {
            metadata: ObjectMeta {
                namespace: about.namespace.clone(),
                name: Some(name),
                ..ObjectMeta::default()
            },
            action: Some(event.action.clone()),
            reason: Some(event.reason.clone()),
            note: event.note.clone(),
            type_: Some(type_.to_owned()),
            event_time: Some(MicroTime(now)),
            regarding: Some(about.clone()),
            related: event.secondary.clone(),
            reporting_controller: Some(controller.clone()),
            reporting_instance: Some(instance.as_ref().unwrap_or(controller).clone()),
            ..Document::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, Published> {
        self.published.lock()
    }
}

impl Published {
    /// The event that another of the same key repeats.
    fn recent(&mut self, key: &Key) -> Option<Series> {
        if self.swept.elapsed() >= SWEEP {
            self.swept = Instant::now();
            self.series.retain(|_, series| series.is_recent());
        }
        let found = self.series.get(key)?;
        found.is_recent().then(|| found.clone())
    }

    fn forget(&mut self, key: &Key) {
        self.series.remove(key);
    }
}

impl Series {
    fn new(name: String, count: i32) -> Self {
        let last = Instant::now();
        Self { name, count, last }
    }

    fn is_recent(&self) -> bool {
        self.last.elapsed() < REPEATS
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use fake_api_server::FakeApiServer;
    use kube::client::Body;
    use tokio::time::advance;

    use super::*;

    const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/shop/events";

    fn recorder(server: &FakeApiServer) -> Recorder {
        let server = server.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        let reporter = Reporter {
            controller: "controller".to_owned(),
            instance: Some("pod".to_owned()),
        };
        Recorder::new(Client::new(service, "default"), reporter)
    }

    async fn publish(recorder: &Recorder, uid: &str, reason: &str) -> kube::Result<()> {
        publish_about(recorder, "photos", uid, reason).await
    }

    async fn publish_about(
        recorder: &Recorder,
        name: &str,
        uid: &str,
        reason: &str,
    ) -> kube::Result<()> {
        let event = Event {
            type_: EventType::Normal,
            reason: reason.to_owned(),
            note: Some("text".to_owned()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        let about = ObjectReference {
            name: Some(name.to_owned()),
            namespace: Some("shop".to_owned()),
            uid: Some(uid.to_owned()),
            ..ObjectReference::default()
        };
        recorder.publish(&event, &about).await
    }

    /// Reason and count of each event that is there.
    fn counts(server: &FakeApiServer) -> Vec<(String, Option<i64>)> {
        let events = server.under(EVENTS);
        let counts = events.iter().map(|event| {
            let reason = event["reason"].as_str().unwrap_or_default();
            (reason.to_owned(), event["series"]["count"].as_i64())
        });
        counts.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn repetitions_are_counted_for_some_minutes() {
        let server = FakeApiServer::new();
        let recorder = recorder(&server);
        for _ in 0..3 {
            publish(&recorder, "uid", "Ready").await.unwrap();
        }
        let ready = || "Ready".to_owned();
        assert_eq!(counts(&server), [(ready(), Some(3))]);
        publish(&recorder, "other", "Ready").await.unwrap();
        assert_eq!(counts(&server), [(ready(), Some(3)), (ready(), None)]);
        advance(REPEATS).await;
        publish(&recorder, "uid", "Ready").await.unwrap();
        assert_eq!(counts(&server).len(), 3);
        assert_eq!(recorder.lock().series.len(), 1, "others are forgotten");
    }

    #[tokio::test]
    async fn name_of_an_event_is_never_too_long() {
        let server = FakeApiServer::new();
        let recorder = recorder(&server);
        let longest = "a".repeat(253);
        let published = publish_about(&recorder, &longest, "uid", "Ready").await;
        published.unwrap();
        let events = server.under(EVENTS);
        let name = events[0]["metadata"]["name"].as_str().unwrap();
        assert!(name.len() <= 253, "{name}");
    }

    #[tokio::test]
    async fn event_that_is_gone_is_published_anew() {
        let server = FakeApiServer::new();
        let recorder = recorder(&server);
        publish(&recorder, "uid", "Ready").await.unwrap();
        server.remove(&server.paths()[0]);
        publish(&recorder, "uid", "Ready").await.unwrap_err();
        publish(&recorder, "uid", "Ready").await.unwrap();
        assert_eq!(counts(&server).len(), 1);
    }
}
