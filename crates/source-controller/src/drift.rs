//! Drift: whether an object in the cluster still has everything that we applied.
//!
//! The API server adds defaults, and others may add fields of their own; neither is drift.

use serde::Serialize;
use serde_json::{Map, Value};

/// Maps whose values are quantities, which the API server rewrites (`1000m` to `1`).
const QUANTITIES: [&str; 2] = ["limits", "requests"];

/// Whether `live` has everything that `desired` has.
///
/// An item of a list of objects may be anywhere in the live list; lists of plain values must be
/// equal. An empty value in `desired` may be absent, because the API server omits empty values.
pub(crate) fn is_up_to_date(desired: &impl Serialize, live: &impl Serialize) -> bool {
    value_matches(&json(desired), &json(live))
}

/// A type of the Kubernetes API as JSON, which never fails.
pub(crate) fn json(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

fn value_matches(desired: &Value, live: &Value) -> bool {
    match (desired, live) {
        (Value::Object(desired), Value::Object(live)) => fields_match(desired, live),
        (Value::Array(desired), Value::Array(live)) if desired.iter().any(Value::is_object) => {
            desired
                .iter()
                .all(|item| live.iter().any(|candidate| value_matches(item, candidate)))
        }
        _ => desired == live || (live.is_null() && is_empty(desired)),
    }
}

fn fields_match(desired: &Map<String, Value>, live: &Map<String, Value>) -> bool {
    desired.iter().all(|(name, desired)| {
        let live = live.get(name).unwrap_or(&Value::Null);
        if QUANTITIES.contains(&name.as_str()) {
            quantities_match(desired, live)
        } else {
            value_matches(desired, live)
        }
    })
}

fn quantities_match(desired: &Value, live: &Value) -> bool {
    let (Value::Object(desired), Value::Object(live)) = (desired, live) else {
        return value_matches(desired, live);
    };
    desired.iter().all(|(name, desired)| {
        let live = live.get(name).unwrap_or(&Value::Null);
        match (desired.as_str(), live.as_str()) {
            (Some(desired), Some(live)) => is_same_quantity(desired, live),
            _ => desired == live,
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

/// Whether both texts mean the same quantity. Other texts are compared as they are.
fn is_same_quantity(one: &str, other: &str) -> bool {
    one == other
        || parse(one)
            .zip(parse(other))
            .is_some_and(|(one, other)| one == other)
}

/// A quantity in billionths.
fn parse(text: &str) -> Option<i128> {
    let end = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let billionths = digits.checked_mul(billionths(suffix)?)?;
    let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    // Kubernetes rounds up what is smaller than a billionth.
    let rest = i128::from(billionths % divisor > 0);
    Some(billionths / divisor + rest)
}

fn billionths(suffix: &str) -> Option<i128> {
    const ONE: i128 = 1_000_000_000;
    let binary = |power| Some(ONE * (1_i128 << (10 * power)));
    let decimal = |power| Some(ONE * 1000_i128.pow(power));
    match suffix {
        "n" => Some(1),
        "u" => Some(1_000),
        "m" => Some(1_000_000),
        "" => Some(ONE),
        "k" => decimal(1),
        "M" => decimal(2),
        "G" => decimal(3),
        "T" => decimal(4),
        "P" => decimal(5),
        "E" => decimal(6),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn desired_fields_must_be_there() {
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
        for (name, desired, live, expected) in table {
            assert_eq!(is_up_to_date(&desired, &live), expected, "{name}");
        }
    }

    #[test]
    fn amounts_are_compared_by_value() {
        let table = [
            ("1", "1000m", true),
            ("0.5", "500m", true),
            ("1Gi", "1024Mi", true),
            ("1.5Gi", "1536Mi", true),
            ("1G", "1Gi", false),
            ("1G", "1000M", true),
            ("2k", "2000", true),
            (".5", "0.5", true),
            ("1000000u", "1", true),
            ("1", "1001m", false),
            ("x", "x", true),
            ("1x", "1y", false),
            ("", "0", false),
            (".", "0", false),
            (
                "9999999999999999999999999999E",
                "9999999999999999999999999999E",
                true,
            ),
        ];
        for (one, other, expected) in table {
            assert_eq!(is_same_quantity(one, other), expected, "{one} and {other}");
            assert_eq!(is_same_quantity(other, one), expected, "{other} and {one}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_the_same_as_itself_and_none_panics(one in ".{0,32}", other in ".{0,32}") {
            prop_assert!(is_same_quantity(&one, &one));
            is_same_quantity(&one, &other);
        }

        #[test]
        fn thousandths_are_a_thousandth(amount in 0_u64..1_000_000_000) {
            let thousandths = format!("{amount}000m");
            prop_assert!(is_same_quantity(&amount.to_string(), &thousandths));
        }
    }
}
