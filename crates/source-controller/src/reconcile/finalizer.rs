//! Our say in when a source is gone: only once nothing of it is left in MNS.

use kube::Api;
use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use source_api::{DeletionPolicy, MnsOssSource, names};

use crate::context::Context;
use crate::failure::{PassError, doing};
use crate::wish::{Subject, Supply};

/// Puts the finalizer on a source that has, or is about to get, something in MNS. One with
/// somebody else's queue, or that leaves everything as it is, needs none, and so never waits
/// for us.
pub(super) async fn ensure(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    subject: &mut Subject,
) -> Result<(), PassError> {
    let Subject { source, wish, .. } = subject;
    let makes_something = matches!(wish.supply, Ok(Supply::Topic(_)));
    let is_retained = source.spec.deletion_policy == Some(DeletionPolicy::Retain);
    if !makes_something || is_retained || is_there(source) {
        return Ok(());
    }
    let mut finalizers = source.finalizers().to_vec();
    finalizers.push(names::FINALIZER.to_owned());
    let patched = write(sources, source, &finalizers).await;
    let patched = doing("adding the finalizer", patched)?;
    ctx.sources.note(
        &source.uid().unwrap_or_default(),
        source.resource_version(),
        &patched,
    );
    *source = patched;
    Ok(())
}

/// Lets a source go.
pub(super) async fn remove(
    sources: &Api<MnsOssSource>,
    source: &MnsOssSource,
) -> Result<(), PassError> {
    let mut finalizers = source.finalizers().to_vec();
    finalizers.retain(|finalizer| finalizer != names::FINALIZER);
    match write(sources, source, &finalizers).await {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        removed => doing("removing the finalizer", removed).map(drop),
    }
}

pub(super) fn is_there(source: &MnsOssSource) -> bool {
    let mut finalizers = source.finalizers().iter();
    finalizers.any(|finalizer| finalizer == names::FINALIZER)
}

/// Replaces the list, provided that nobody has changed the source since we read it: it may
/// have got others' finalizers.
async fn write(
    sources: &Api<MnsOssSource>,
    source: &MnsOssSource,
    finalizers: &[String],
) -> kube::Result<MnsOssSource> {
    let patch = json!({
        "metadata": {
            "resourceVersion": source.resource_version(),
            "finalizers": finalizers,
        },
    });
    let params = PatchParams {
        field_manager: Some(names::CONTROLLER.to_owned()),
        ..PatchParams::default()
    };
    sources
        .patch(&source.name_any(), &params, &Patch::Merge(patch))
        .await
}
