//! Whether an object in the cluster still is what we applied.
//!
//! The API server adds defaults, and others may add fields of their own; neither is a
//! difference. What counts is that everything that is wanted is there.

mod quantity;

use serde_json::{Map, Value};

/// Maps whose values are quantities, which the API server rewrites (`1000m` to `1`).
const QUANTITIES: [&str; 2] = ["limits", "requests"];

/// Whether `live` has everything that `wanted` has.
///
/// An item of a list of objects may stand anywhere in the live list; lists of plain values
/// must be equal. What is empty in `wanted` may be absent, because the API server leaves out
/// what is empty.
pub(crate) fn covers(wanted: &Value, live: &Value) -> bool {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => covers_fields(wanted, live),
        (Value::Array(wanted), Value::Array(live)) if wanted.iter().any(Value::is_object) => wanted
            .iter()
            .all(|item| live.iter().any(|candidate| covers(item, candidate))),
        _ => wanted == live || (live.is_null() && is_empty(wanted)),
    }
}

fn covers_fields(wanted: &Map<String, Value>, live: &Map<String, Value>) -> bool {
    wanted.iter().all(|(name, wanted)| {
        let live = live.get(name).unwrap_or(&Value::Null);
        if QUANTITIES.contains(&name.as_str()) {
            covers_quantities(wanted, live)
        } else {
            covers(wanted, live)
        }
    })
}

fn covers_quantities(wanted: &Value, live: &Value) -> bool {
    let (Value::Object(wanted), Value::Object(live)) = (wanted, live) else {
        return covers(wanted, live);
    };
    wanted.iter().all(|(name, wanted)| {
        let live = live.get(name).unwrap_or(&Value::Null);
        match (wanted.as_str(), live.as_str()) {
            (Some(wanted), Some(live)) => quantity::is_same(wanted, live),
            _ => wanted == live,
        }
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wanted_must_be_there() {
        let table = [
            ("same", json!({"a": 1}), json!({"a": 1}), true),
            (
                "default added",
                json!({"a": 1}),
                json!({"a": 1, "b": 2}),
                true,
            ),
            ("changed", json!({"a": 1}), json!({"a": 2}), false),
            ("removed", json!({"a": 1}), json!({}), false),
            ("removed `false`", json!({"a": false}), json!({}), false),
            ("removed zero", json!({"a": 0}), json!({}), false),
            (
                "empty left out",
                json!({"a": "", "b": [], "c": {}, "d": null}),
                json!({}),
                true,
            ),
            (
                "item elsewhere",
                json!([{"name": "A", "value": "1"}]),
                json!([{"name": "B"}, {"name": "A", "value": "1", "x": 0}]),
                true,
            ),
            (
                "item changed",
                json!([{"name": "A", "value": "1"}]),
                json!([{"name": "A", "value": "2"}]),
                false,
            ),
            ("plain list", json!(["a", "b"]), json!(["a", "b"]), true),
            ("plain list, longer", json!(["a"]), json!(["a", "b"]), false),
            ("another type", json!({"a": []}), json!({"a": "x"}), false),
            (
                "quantity rewritten",
                json!({"requests": {"cpu": "1000m", "memory": "0.5Gi"}}),
                json!({"requests": {"cpu": "1", "memory": "512Mi"}}),
                true,
            ),
            (
                "quantity changed",
                json!({"limits": {"cpu": "1000m"}}),
                json!({"limits": {"cpu": "2"}}),
                false,
            ),
            (
                "quantity removed",
                json!({"limits": {"cpu": "1000m"}}),
                json!({"limits": {}}),
                false,
            ),
        ];
        for (name, wanted, live, expected) in table {
            assert_eq!(covers(&wanted, &live), expected, "{name}");
        }
    }
}
