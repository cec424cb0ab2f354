//! Writing and removing descriptions of events. Trouble is logged and no more.

use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use source_api::names;
use tracing::warn;

use crate::context::Context;
use crate::look::EventTypesSeen;
use crate::metrics::Written;
use crate::plan::event_types::EventTypeStep;
use crate::wish::Identity;

pub(super) async fn write(
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
