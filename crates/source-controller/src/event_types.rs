//! Descriptions of a source's events that we keep ourselves, because its sink is given in
//! the older form.
//!
//! Knative keeps them for every source with `sink.ref`. Whatever an `EventType` says of
//! itself, Knative deletes it if the source is its *controlling* owner and has no
//! `sink.ref`; ours therefore name the source as an owner that does not control them.

use kube::Api;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use source_api::{CloudEventAttributes, EVENT_TYPES, ObjectReference, announced, names};
use tracing::warn;

use crate::context::Context;
use crate::deployment;
use crate::drift::covers;
use crate::metrics::Written;
use crate::reconcile::Seen;
use crate::source::{Identity, Subject};

const GROUP: &str = "eventing.knative.dev";
/// The versions that we can write, the one that needs no conversion first.
const VERSIONS: [&str; 2] = ["v1beta2", "v1beta3"];

/// Which descriptions there are.
#[derive(Clone, Debug)]
pub struct EventTypesSeen {
    /// The version to write.
    pub resource: ApiResource,
    /// Those that we made for this source.
    pub ours: Vec<KnownEventType>,
}

/// One description.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownEventType {
    /// Name of the object.
    pub name: String,
    /// Its `spec`.
    pub spec: Value,
}

/// Looks for descriptions, if there may be any of ours: when the sink is in the older form,
/// or the source has changed and its sink may have been.
///
/// Trouble is logged and no more: a source works without descriptions.
pub(crate) async fn look(ctx: &Context, subject: &Subject) -> Option<EventTypesSeen> {
    let Subject {
        source,
        identity,
        wish,
    } = subject;
    let observed = source
        .status
        .as_ref()
        .and_then(|status| status.observed_generation);
    let has_changed = observed.is_some() && observed != source.metadata.generation;
    if !wish.has_legacy_sink() && !has_changed {
        return None;
    }
    match find(ctx, identity).await {
        Ok(seen) => seen,
        Err(error) => {
            warn!(error = %error, "cannot look for the source's event types");
            None
        }
    }
}

async fn find(ctx: &Context, identity: &Identity) -> kube::Result<Option<EventTypesSeen>> {
    let Some(resource) = served(ctx).await? else {
        return Ok(None);
    };
    let event_types: Api<DynamicObject> =
        Api::namespaced_with(ctx.client.clone(), &identity.namespace, &resource);
    let labels = format!(
        "{}={},{}={}",
        names::SOURCE_LABEL,
        names::CONTROLLER,
        names::SOURCE_NAME_LABEL,
        names::label_value(&identity.name)
    );
    let found = event_types
        .list(&ListParams::default().labels(&labels))
        .await?;
    let ours = found
        .items
        .into_iter()
        .filter(|object| is_owned(object, &identity.uid));
    let ours = ours
        .map(|mut object| KnownEventType {
            name: object.metadata.name.unwrap_or_default(),
            spec: object.data["spec"].take(),
        })
        .collect();
    Ok(Some(EventTypesSeen { resource, ours }))
}

/// The version to write; `None` where Knative Eventing is not installed.
async fn served(ctx: &Context) -> kube::Result<Option<ApiResource>> {
    let asked = format!("{GROUP}/{}", VERSIONS[0]);
    let found = ctx.resolver.discovery().find(&asked, "EventType").await?;
    let resource = found.map(|served| served.resource);
    Ok(resource.filter(|resource| VERSIONS.contains(&resource.version.as_str())))
}

fn is_owned(object: &DynamicObject, uid: &str) -> bool {
    let owners = object.metadata.owner_references.iter().flatten();
    owners
        .filter(|owner| owner.controller != Some(true))
        .any(|owner| owner.uid == uid)
}

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
pub(crate) fn steps(subject: &Subject, seen: &Seen) -> Vec<EventTypeStep> {
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
                "ownerReferences": [deployment::owner(identity, false)],
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

/// Writes and removes descriptions of events. Trouble is logged and no more.
pub(crate) async fn write(
    ctx: &Context,
    identity: &Identity,
    steps: Vec<EventTypeStep>,
    seen: Option<&EventTypesSeen>,
) {
    let Some(seen) = seen else { return };
    let event_types: Api<DynamicObject> =
        Api::namespaced_with(ctx.client.clone(), &identity.namespace, &seen.resource);
    for step in steps {
        match take(&event_types, step).await {
            Ok(()) => ctx.metrics.wrote(Written::EventType),
            Err(error) => {
                warn!(error = %error, "cannot write an event type");
                return;
            }
        }
    }
}

async fn take(event_types: &Api<DynamicObject>, step: EventTypeStep) -> kube::Result<()> {
    match step {
        EventTypeStep::Apply { name, document } => {
            let params = PatchParams::apply(names::CONTROLLER).force();
            let patch = Patch::Apply(document);
            event_types.patch(&name, &params, &patch).await?;
        }
        EventTypeStep::Delete { name } => {
            match event_types.delete(&name, &DeleteParams::default()).await {
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                deleted => drop(deleted?),
            }
        }
    }
    Ok(())
}
