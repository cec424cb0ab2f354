//! Which descriptions of events to write or remove.

use serde_json::{Value, json};
use source_api::{CloudEventAttributes, EVENT_TYPES, ObjectReference, announced, names};

use crate::covers::covers;
use crate::look::{KnownEventType, Seen};
use crate::wish::Subject;

/// One thing to do about an `EventType`.
#[derive(Clone, Debug, PartialEq)]
pub enum EventTypeStep {
    /// Write this document.
    Apply {
        /// Name of the object.
        name: String,
        /// The document.
        document: Value,
    },
    /// Remove the one of this name.
    Delete {
        /// Name of the object.
        name: String,
    },
}

/// What to do about a source's descriptions. Those of a sink in the older form are ours;
/// once the sink is under `ref`, Knative makes them under the same names, and ours must go.
pub(super) fn steps(subject: &Subject, seen: &Seen) -> Vec<EventTypeStep> {
    let Some(found) = &seen.event_types else {
        return Vec::new();
    };
    let wanted = if subject.wish.has_legacy_sink() {
        // Which version of the sink is served is not known without the sink.
        let Some(sink) = seen
            .sink
            .as_ref()
            .ok()
            .and_then(|sink| sink.object.as_ref())
        else {
            return Vec::new();
        };
        wanted(subject, sink, &found.resource.api_version)
    } else {
        Vec::new()
    };
    let superfluous = found
        .ours
        .iter()
        .filter(|known| wanted.iter().all(|(name, _)| *name != known.name));
    let delete = superfluous.map(|known| EventTypeStep::Delete {
        name: known.name.clone(),
    });
    let is_missing =
        |(name, document): &(String, Value)| !found.ours.iter().any(|it| is(it, name, document));
    let apply = wanted
        .iter()
        .filter(|wanted| is_missing(wanted))
        .map(|(name, document)| EventTypeStep::Apply {
            name: name.clone(),
            document: document.clone(),
        });
    delete.chain(apply).collect()
}

fn is(known: &KnownEventType, name: &str, document: &Value) -> bool {
    known.name == name && covers(&document["spec"], &known.spec)
}

fn wanted(subject: &Subject, sink: &ObjectReference, api_version: &str) -> Vec<(String, Value)> {
    let Subject {
        source, identity, ..
    } = subject;
    let describe = |attributes: CloudEventAttributes| {
        let CloudEventAttributes {
            type_,
            source: origin,
        } = attributes;
        let name = names::event_type(&type_, &origin, "", &identity.uid);
        let spec = spec(&type_, &origin, sink, api_version);
        let document = json!({
            "apiVersion": api_version,
            "kind": "EventType",
            "metadata": {
                "name": name,
                "namespace": identity.namespace,
                "labels": {
                    names::SOURCE_LABEL: names::CONTROLLER,
                    names::SOURCE_NAME_LABEL: names::label_value(&identity.name),
                },
                "ownerReferences": [crate::adapter::owner(identity, false)],
            },
            "spec": spec,
        });
        (name, document)
    };
    announced(source.spec.filter.as_ref())
        .into_iter()
        .map(describe)
        .collect()
}

fn spec(type_: &str, origin: &str, sink: &ObjectReference, api_version: &str) -> Value {
    let ObjectReference {
        api_version: sink_version,
        kind,
        name,
        namespace,
        ..
    } = sink;
    let reference =
        json!({"apiVersion": sink_version, "kind": kind, "name": name, "namespace": namespace});
    let known = EVENT_TYPES.iter().find(|event| event.type_ == type_);
    let description = known.map(|event| event.description);
    if api_version.ends_with("/v1beta3") {
        let attribute = |name, value| json!({"name": name, "value": value, "required": true});
        json!({
            "reference": reference,
            "description": description,
            "attributes": [
                attribute("type", type_),
                attribute("source", origin),
                attribute("specversion", "1.0"),
                json!({"name": "id", "required": true}),
            ],
        })
    } else {
        json!({
            "type": type_,
            "source": origin,
            "reference": reference,
            "description": description,
        })
    }
}
