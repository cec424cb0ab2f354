//! Server-side apply, which marks the objects that it creates.
//!
//! A new object gets the mark in the same request, so that no crash can separate the two.
//! `undeploy` removes only objects with the mark.

use anyhow::{Context as _, Result};
use kube::ResourceExt as _;
use kube::api::{DynamicObject, Patch, PatchParams};

use super::cluster::Cluster;
use super::identity::Identity;
use super::secret_version;

/// The field manager.
pub(crate) const MANAGER: &str = "knative-mnsoss-deploy";

/// The mark.
const MADE_BY: &str = "deploy.mnsoss/made-by";

/// The outcome of an apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The object did not exist.
    Created,
    /// It existed, and was changed.
    Changed,
    /// It existed, and was up to date.
    Unchanged,
    /// It is being deleted, so nothing was applied: that would be deleted too.
    Terminating,
}

/// Applies one object; it must be of a kind that the cluster serves.
///
/// # Errors
/// When the server refuses it, with the server's reason.
pub(crate) async fn apply(cluster: &Cluster, object: &DynamicObject) -> Result<Outcome> {
    let identity = Identity::of(object);
    let before = cluster.get(&identity).await?;
    if before.as_ref().is_some_and(is_terminating) {
        return Ok(Outcome::Terminating);
    }
    let after = send(cluster, object, before.as_ref(), false).await?;
    Ok(match before {
        None => Outcome::Created,
        Some(before) if before.resource_version() == after.resource_version() => Outcome::Unchanged,
        Some(_) => Outcome::Changed,
    })
}

/// The object as it would be after [`apply`]; nothing is changed.
///
/// # Errors
/// As with [`apply`].
pub(crate) async fn preview(
    cluster: &Cluster,
    object: &DynamicObject,
    before: Option<&DynamicObject>,
) -> Result<DynamicObject> {
    send(cluster, object, before, true).await
}

async fn send(
    cluster: &Cluster,
    object: &DynamicObject,
    before: Option<&DynamicObject>,
    dry_run: bool,
) -> Result<DynamicObject> {
    let identity = Identity::of(object);
    let api = cluster
        .api(&identity)
        .with_context(|| format!("the cluster does not know the kind of {identity}"))?;
    let mut parameters = PatchParams::apply(MANAGER).force();
    parameters.dry_run = dry_run;
    let mut object = secret_version::note(cluster, object).await?;
    if before.is_none_or(is_created_by_us) {
        object
            .annotations_mut()
            .insert(MADE_BY.to_owned(), MANAGER.to_owned());
    }
    let applied = api
        .patch(&identity.name, &parameters, &Patch::Apply(&object))
        .await;
    applied.with_context(|| format!("cannot apply {identity}"))
}

fn is_terminating(object: &DynamicObject) -> bool {
    object.metadata.deletion_timestamp.is_some()
}

/// Whether an apply of ours created the object.
pub(crate) fn is_created_by_us(object: &DynamicObject) -> bool {
    object
        .annotations()
        .get(MADE_BY)
        .is_some_and(|by| by == MANAGER)
}
