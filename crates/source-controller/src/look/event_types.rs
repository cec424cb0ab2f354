//! Descriptions of a source's events that we keep ourselves, because its sink is given in
//! the older form.
//!
//! Knative keeps them for every source with `sink.ref`. Whatever an `EventType` says of
//! itself, Knative deletes it if the source is its *controlling* owner and has no
//! `sink.ref`; ours therefore name the source as an owner that does not control them.

use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};
use serde_json::Value;
use source_api::names;
use tracing::warn;

use crate::context::Context;
use crate::wish::{Identity, Subject};

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
pub(super) async fn look(ctx: &Context, subject: &Subject) -> Option<EventTypesSeen> {
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
