//! `EventType`s of a source whose sink is given in the older form: observe, diff, apply.
//!
//! Knative maintains them for every source with `sink.ref`. It deletes any `EventType` whose
//! *controlling* owner is a source without `sink.ref`; ours therefore name the source as an owner
//! that does not control them.
//!
//! Errors are only logged: a source works without `EventType`s.

use kube::Api;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use source_api::{CloudEventAttributes, EVENT_TYPES, ObjectReference, announced, names};
use tracing::warn;

use crate::context::Context;
use crate::deployment;
use crate::drift::is_up_to_date;
use crate::metrics::WrittenObject;
use crate::reconcile::Observed;
use crate::source::{Identity, ParsedSource};

const GROUP: &str = "eventing.knative.dev";
/// The versions that we can write, the one that needs no conversion first.
const VERSIONS: [&str; 2] = ["v1beta2", "v1beta3"];

/// The observed `EventType`s.
#[derive(Clone, Debug)]
pub struct ObservedEventTypes {
    /// The version to write.
    pub resource: ApiResource,
    /// Those that the controller created for this source.
    pub ours: Vec<ObservedEventType>,
}

/// One `EventType`.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedEventType {
    /// Name of the object.
    pub name: String,
    /// Its `spec`.
    pub spec: Value,
}

/// What to do about a source's `EventType`s.
#[derive(Clone, Debug, PartialEq)]
pub struct EventTypesPlan {
    /// The version to write.
    pub resource: ApiResource,
    /// What to do, in order.
    pub steps: Vec<EventTypeStep>,
}

/// One change of an `EventType`.
#[derive(Clone, Debug, PartialEq)]
pub enum EventTypeStep {
    /// Apply this document.
    Apply {
        /// Name of the object.
        name: String,
        /// The document.
        document: Value,
    },
    /// Delete the object of this name.
    Delete {
        /// Name of the object.
        name: String,
    },
}

/// Lists our `EventType`s, if there may be any: when the sink is in the older form, or the
/// source has changed and its sink may have been.
pub(crate) async fn observe(ctx: &Context, parsed: &ParsedSource) -> Option<ObservedEventTypes> {
    let source = &parsed.source;
    let status = source.status.as_ref();
    let generation = status.and_then(|status| status.observed_generation);
    let has_changed = generation.is_some() && generation != source.metadata.generation;
    if !parsed.desired.has_legacy_sink() && !has_changed {
        return None;
    }
    let found = find(ctx, &parsed.identity).await;
    found.unwrap_or_else(|error| {
        warn!(error = %error, "cannot list the source's event types");
        None
    })
}

async fn find(ctx: &Context, identity: &Identity) -> kube::Result<Option<ObservedEventTypes>> {
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
        .map(|mut object| ObservedEventType {
            name: object.metadata.name.unwrap_or_default(),
            spec: object.data["spec"].take(),
        })
        .collect();
    Ok(Some(ObservedEventTypes { resource, ours }))
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

/// Compares our `EventType`s with those that the source needs. Once its sink is under `ref`,
/// Knative creates them under the same names, and ours must be deleted.
pub(crate) fn diff(parsed: &ParsedSource, observed: &Observed) -> Option<EventTypesPlan> {
    let ObservedEventTypes { resource, ours } = observed.event_types.as_ref()?;
    let desired = if parsed.desired.has_legacy_sink() {
        // The resolved sink has the API version to write, so without it there is no desired state.
        let sink = observed.sink.as_ref().ok()?.object.as_ref()?;
        desired(parsed, sink, &resource.api_version)
    } else {
        Vec::new()
    };
    let is_desired = |live: &ObservedEventType| desired.iter().any(|(name, _)| *name == live.name);
    let deleted = ours.iter().filter(|live| !is_desired(live));
    let mut steps: Vec<_> = deleted
        .map(|live| EventTypeStep::Delete {
            name: live.name.clone(),
        })
        .collect();
    let is_applied = |name: &str, document: &Value| {
        let live = ours.iter().find(|live| live.name == name);
        live.is_some_and(|live| is_up_to_date(&document["spec"], &live.spec))
    };
    let missing = desired
        .into_iter()
        .filter(|(name, document)| !is_applied(name, document));
    steps.extend(missing.map(|(name, document)| EventTypeStep::Apply { name, document }));
    Some(EventTypesPlan {
        resource: resource.clone(),
        steps,
    })
}

fn desired(
    parsed: &ParsedSource,
    sink: &ObjectReference,
    api_version: &str,
) -> Vec<(String, Value)> {
    let ParsedSource {
        source, identity, ..
    } = parsed;
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
    announced(&source.spec).into_iter().map(describe).collect()
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

/// Executes the plan.
pub(crate) async fn apply(ctx: &Context, identity: &Identity, plan: Option<EventTypesPlan>) {
    let Some(EventTypesPlan { resource, steps }) = plan else {
        return;
    };
    let event_types: Api<DynamicObject> =
        Api::namespaced_with(ctx.client.clone(), &identity.namespace, &resource);
    for step in steps {
        match execute(&event_types, step).await {
            Ok(()) => ctx.metrics.wrote(WrittenObject::EventType),
            Err(error) => {
                warn!(error = %error, "cannot write an event type");
                return;
            }
        }
    }
}

async fn execute(event_types: &Api<DynamicObject>, step: EventTypeStep) -> kube::Result<()> {
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
