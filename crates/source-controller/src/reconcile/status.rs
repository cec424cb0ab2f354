//! Writing a source's status, and only if it changed: every write wakes all who watch.

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::json;
use source_api::{MnsOssSource, MnsOssSourceStatus};

use crate::context::Context;
use crate::failure::{PassError, doing};
use crate::metrics::Written;

/// Who the status's fields belong to.
const MANAGER: &str = "mnsoss-source-controller-status";

/// Writes the status unless it is what the source has. Says whether it wrote.
pub(super) async fn write(
    ctx: &Context,
    sources: &Api<MnsOssSource>,
    source: &MnsOssSource,
    status: &MnsOssSourceStatus,
) -> Result<bool, PassError> {
    if source.status.as_ref() == Some(status) {
        return Ok(false);
    }
    let patch = json!({
        "apiVersion": MnsOssSource::api_version(&()),
        "kind": MnsOssSource::kind(&()),
        "metadata": {"name": source.name_any(), "uid": source.uid()},
        "status": status,
    });
    let params = PatchParams::apply(MANAGER).force();
    let patch = Patch::Apply(patch);
    let written = sources
        .patch_status(&source.name_any(), &params, &patch)
        .await;
    let written = match written {
        // Deleted in the meantime; the watch says so too.
        Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(false),
        written => doing("writing the status", written)?,
    };
    let uid = source.uid().unwrap_or_default();
    ctx.sources.note(&uid, source.resource_version(), &written);
    ctx.metrics.wrote(Written::Status);
    Ok(true)
}
