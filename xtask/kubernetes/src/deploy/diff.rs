//! The changes that a deployment would make, as text.
//!
//! The server computes the resulting object, defaults included, so that only real differences are
//! shown. Secrets are never shown.

use anyhow::Result;
use kube::api::DynamicObject;
use serde_json::{Map, Value, json};
use similar::TextDiff;

use super::apply::preview;
use super::cluster::Cluster;
use super::identity::Identity;

/// Fields that the server manages.
const SERVERS_OWN: [&str; 5] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
];

/// The difference between an object in the cluster and what an apply would make of it;
/// empty if there is none.
///
/// # Errors
/// When the server refuses the object, or cannot be reached.
pub(crate) async fn diff(cluster: &Cluster, object: &DynamicObject) -> Result<String> {
    let identity = Identity::of(object);
    let before = cluster.get(&identity).await?;
    let after = match &before {
        Some(before) => preview(cluster, object, Some(before)).await?,
        // Its namespace or its kind may not exist yet, so a dry run is impossible.
        None => object.clone(),
    };
    compare(&identity, before, after)
}

fn compare(
    identity: &Identity,
    before: Option<DynamicObject>,
    after: DynamicObject,
) -> Result<String> {
    let mut before = before.map(readable).transpose()?.unwrap_or_default();
    let mut after = readable(after)?;
    hide_secrets(&mut before, &mut after);
    if before == after {
        return Ok(String::new());
    }
    let [old, new] = [
        if before.is_null() {
            String::new()
        } else {
            serde_saphyr::to_string(&before)?
        },
        serde_saphyr::to_string(&after)?,
    ];
    let names = [
        format!("{identity} in the cluster"),
        format!("{identity} deployed"),
    ];
    let difference = TextDiff::from_lines(&old, &new);
    Ok(difference
        .unified_diff()
        .header(&names[0], &names[1])
        .to_string())
}

/// The object as people may read it, secrets hidden.
pub(crate) fn shown(object: DynamicObject) -> Result<String> {
    let mut object = readable(object)?;
    hide_secrets(&mut object, &mut Value::Null);
    Ok(serde_saphyr::to_string(&object)?)
}

/// The object without the fields that the server manages.
fn readable(object: DynamicObject) -> Result<Value> {
    let mut object = serde_json::to_value(object)?;
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|field, _| !SERVERS_OWN.contains(&field.as_str()));
    }
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    Ok(object)
}

/// Replaces a Secret's values by placeholders, which differ only where the values do.
fn hide_secrets(before: &mut Value, after: &mut Value) {
    for field in ["data", "stringData"] {
        let pointer = format!("/{field}");
        let old = secrets(before, &pointer);
        let new = secrets(after, &pointer);
        hide(before, &pointer, &new, "(hidden)");
        hide(after, &pointer, &old, "(hidden, new)");
    }
}

fn secrets(object: &Value, pointer: &str) -> Map<String, Value> {
    let is_secret = object["kind"] == "Secret";
    let values = object
        .pointer(pointer)
        .and_then(Value::as_object)
        .filter(|_| is_secret);
    values.cloned().unwrap_or_default()
}

/// `other` is the other side of the difference; equal values get equal placeholders.
fn hide(object: &mut Value, pointer: &str, other: &Map<String, Value>, word: &str) {
    if object["kind"] != "Secret" {
        return;
    }
    let values = object.pointer_mut(pointer).and_then(Value::as_object_mut);
    for (key, value) in values.into_iter().flatten() {
        let is_same = other.get(key) == Some(value);
        *value = json!(if is_same { "(hidden)" } else { word });
    }
}
