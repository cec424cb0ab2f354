//! What is to be done about descriptions of events.

use kube::api::{ApiResource, GroupVersionKind};
use serde_json::json;
use source_controller::event_types::{ObservedEventType, ObservedEventTypes};

use super::{Case, check, no_sink};

#[test]
fn event_types_follow_the_form_of_the_sink() {
    check(&[
        ("new sink", |it| known(it, &[]), "nothing"),
        (
            "new sink, and ours from before",
            |it| known(it, &["a", "b"]),
            "delete event type a, delete event type b",
        ),
        (
            "older form",
            |it| {
                legacy(it);
                known(it, &[]);
            },
            "apply event type",
        ),
        (
            "older form, and one too many",
            |it| {
                legacy(it);
                known(it, &["a"]);
            },
            "delete event type a, apply event type",
        ),
        (
            "older form, sink gone",
            |it| {
                legacy(it);
                known(it, &["a"]);
                no_sink(it);
            },
            "nothing",
        ),
        ("older form, no Knative", legacy, "nothing"),
    ]);
}

/// The older form of a sink, and a filter that lets one type through.
fn legacy(case: &mut Case) {
    let object =
        json!({"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"});
    case.source.spec.sink = serde_json::from_value(object.clone()).unwrap();
    case.source.spec.filter =
        Some(serde_json::from_value(json!({"eventNames": ["ObjectCreated:PutObject"]})).unwrap());
    case.observed.sink.as_mut().unwrap().object = Some(serde_json::from_value(object).unwrap());
    case.observed.deployment = Some(case.desired());
}

fn known(case: &mut Case, names: &[&str]) {
    let kind = GroupVersionKind::gvk("eventing.knative.dev", "v1beta2", "EventType");
    case.observed.event_types = Some(ObservedEventTypes {
        resource: ApiResource::from_gvk(&kind),
        ours: names
            .iter()
            .map(|name| ObservedEventType {
                name: (*name).to_owned(),
                spec: json!({}),
            })
            .collect(),
    });
}
