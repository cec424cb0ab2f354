//! What patches do to a document.

use serde_json::{Map, Value};

/// Removes from `target` what was in `before` and is not in `now`.
pub(crate) fn prune(target: &mut Value, before: &Value, now: &Value) {
    let (Some(target), Some(before)) = (target.as_object_mut(), before.as_object()) else {
        return;
    };
    for (name, value) in before {
        let Some(now) = now.get(name) else {
            target.remove(name);
            continue;
        };
        if let Some(target) = target.get_mut(name) {
            prune(target, value, now);
        }
    }
}

/// RFC 7396; an apply patch does the same to the fields that it has.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, value) in patch {
        if !value.is_null() {
            merge(&mut target[name], value);
        } else if let Some(target) = target.as_object_mut() {
            target.remove(name);
        }
    }
}
