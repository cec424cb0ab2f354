//! Telling what happened as Kubernetes Events on the source.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource as _;
use kube::runtime::events::{Event, EventType};
use source_api::MnsOssSource;
use tracing::debug;

use crate::context::Context;
use crate::metrics::Written;
use crate::report::{Kind, Note};

/// The longest note that the API server takes, in bytes.
const LONGEST: usize = 1024;

/// Publishes notes. One that is not taken, such as in a namespace that is being deleted, is
/// let go: the conditions say the same.
pub(super) async fn publish(ctx: &Context, source: &MnsOssSource, notes: &[Note]) {
    // Without its version, so that repetitions are recognised.
    let about = ObjectReference {
        resource_version: None,
        ..source.object_ref(&())
    };
    for note in notes {
        match ctx.recorder.publish(&event(note), &about).await {
            Ok(()) => ctx.metrics.wrote(Written::Event),
            Err(error) => debug!(error = %error, "an event was not taken"),
        }
    }
}

fn event(note: &Note) -> Event {
    let end = note.message.floor_char_boundary(LONGEST);
    Event {
        type_: match note.kind {
            Kind::Normal => EventType::Normal,
            Kind::Warning => EventType::Warning,
        },
        reason: note.reason.clone(),
        note: Some(note.message[..end].to_owned()),
        action: "Reconcile".to_owned(),
        secondary: None,
    }
}
