//! Which sources a change elsewhere wakes, as tables.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use source_api::MnsOssSource;
use source_controller::references::{refers_into, refers_to, uses_secret};
use source_controller::sink::Changed;

use crate::support::fixture::{UID, modern_spec};

fn source(sink: &Value, dead_letter_sink: Option<&Value>) -> MnsOssSource {
    let mut spec = modern_spec();
    spec["sink"] = sink.clone();
    if let Some(dead_letter_sink) = dead_letter_sink {
        spec["delivery"] = json!({"deadLetterSink": dead_letter_sink});
    }
    serde_json::from_value(json!({
        "apiVersion": "sources.eventing.knative.dev/v1alpha1",
        "kind": "MnsOssSource",
        "metadata": {"name": "photos", "namespace": "shop", "uid": UID},
        "spec": spec,
    }))
    .unwrap()
}

fn broker() -> Value {
    json!({"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "Broker", "name": "default"})
}

fn changed(group: &str, kind: &str, namespace: Option<&str>, name: &str) -> Changed {
    Changed {
        group: group.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}

#[test]
fn objects_wake_the_sources_that_name_them() {
    let eventing = "eventing.knative.dev";
    let elsewhere =
        json!({"ref": {"apiVersion": "v1", "kind": "Service", "name": "s", "namespace": "other"}});
    let url = json!({"uri": "http://example.com/"});
    let table = [
        (
            "under ref",
            (json!({"ref": broker()}), None),
            changed(eventing, "Broker", Some("shop"), "default"),
            true,
        ),
        (
            "older form",
            (broker(), None),
            changed(eventing, "Broker", Some("shop"), "default"),
            true,
        ),
        (
            "another name",
            (broker(), None),
            changed(eventing, "Broker", Some("shop"), "other"),
            false,
        ),
        (
            "another namespace",
            (broker(), None),
            changed(eventing, "Broker", Some("other"), "default"),
            false,
        ),
        (
            "another kind",
            (broker(), None),
            changed(eventing, "Channel", Some("shop"), "default"),
            false,
        ),
        (
            "another group",
            (broker(), None),
            changed("", "Broker", Some("shop"), "default"),
            false,
        ),
        (
            "without a namespace",
            (broker(), None),
            changed(eventing, "Broker", None, "default"),
            true,
        ),
        (
            "namespace given",
            (elsewhere.clone(), None),
            changed("", "Service", Some("other"), "s"),
            true,
        ),
        (
            "namespace given, but at home",
            (elsewhere.clone(), None),
            changed("", "Service", Some("shop"), "s"),
            false,
        ),
        (
            "URL",
            (url.clone(), None),
            changed("", "Service", Some("shop"), "s"),
            false,
        ),
        (
            "dead letter sink",
            (url, Some(elsewhere)),
            changed("", "Service", Some("other"), "s"),
            true,
        ),
    ];
    for (name, (sink, dead_letter_sink), changed, expected) in table {
        let source = source(&sink, dead_letter_sink.as_ref());
        let changed = BTreeSet::from([changed.key()]);
        assert_eq!(refers_to(&source, &changed), expected, "{name}");
    }
}

#[test]
fn kinds_wake_the_sources_that_name_their_group() {
    let source = source(
        &broker(),
        Some(&json!({"ref": {"apiVersion": "v1", "kind": "Service", "name": "s"}})),
    );
    for (group, expected) in [
        ("eventing.knative.dev", true),
        ("", true),
        ("knative.dev", false),
    ] {
        assert_eq!(refers_into(&source, group), expected, "{group}");
    }
}

#[test]
fn secrets_wake_the_sources_that_name_them() {
    let source = source(&broker(), None);
    for (namespace, name, expected) in [
        (Some("shop"), "mnsoss-secret", true),
        (Some("shop"), "other", false),
        (Some("other"), "mnsoss-secret", false),
        (None, "mnsoss-secret", false),
    ] {
        assert_eq!(
            uses_secret(&source, &BTreeSet::from([(namespace, name)])),
            expected,
            "{namespace:?} {name}"
        );
    }
}
