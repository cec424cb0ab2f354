//! What an API server does with an object before it stores it: defaults, pruning, the
//! schema, the rules. Only what this project's schema uses is understood.

use std::sync::LazyLock;

use kube_core::CustomResourceExt as _;
use serde_json::{Map, Value, json};
use source_api::MnsOssSource;

/// The schema that would be registered.
pub(crate) static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let crd = serde_json::to_value(MnsOssSource::crd()).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
});

/// What is stored of an object, or everything that is wrong with it, one `path: message` each.
pub(crate) fn admit(object: &Value) -> Result<Value, Vec<String>> {
    let mut stored = kube_cel::apply_defaults(&SCHEMA, object);
    prune(&SCHEMA, &mut stored, true);
    let mut wrong = Vec::new();
    check(&SCHEMA, &stored, "", &mut wrong);
    if let Err(failures) = kube_cel::Validator::new().validate(&SCHEMA, &stored, None) {
        wrong.extend(
            failures
                .iter()
                .map(|failure| format!("{}: {}", failure.field_path, failure.message)),
        );
    }
    if wrong.is_empty() {
        Ok(stored)
    } else {
        Err(wrong)
    }
}

/// A source of this spec, as a manifest has it.
pub(crate) fn source(spec: &Value) -> Value {
    json!({
        "apiVersion": "sources.eventing.knative.dev/v1alpha1",
        "kind": "MnsOssSource",
        "metadata": {"name": "photos", "namespace": "default"},
        "spec": spec,
    })
}

/// Drops what no schema declares.
fn prune(schema: &Value, value: &mut Value, is_root: bool) {
    match value {
        Value::Object(fields) => {
            if let Some(properties) = schema["properties"].as_object() {
                fields.retain(|name, _| {
                    properties.contains_key(name)
                        || is_root && ["apiVersion", "kind", "metadata"].contains(&name.as_str())
                });
            }
            for (name, field) in fields {
                let declared = schema["properties"]
                    .get(name)
                    .unwrap_or(&schema["additionalProperties"]);
                prune(declared, field, false);
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| prune(&schema["items"], item, false)),
        _ => {}
    }
}

fn check(schema: &Value, value: &Value, path: &str, wrong: &mut Vec<String>) {
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        None if schema["x-kubernetes-int-or-string"] == true => value.is_string() || value.is_i64(),
        _ => true,
    };
    if !fits {
        return wrong.push(format!("{path}: must be of type {}", schema["type"]));
    }
    let allowed = schema["enum"].as_array();
    if allowed.is_some_and(|allowed| !allowed.contains(value)) {
        wrong.push(format!("{path}: unsupported value {value}"));
    }
    check_bounds(schema, value, path, wrong);
    if let Some((pattern, text)) = schema["pattern"].as_str().zip(value.as_str())
        && !matches(pattern, text)
    {
        wrong.push(format!("{path}: should match '{pattern}'"));
    }
    match value {
        Value::Object(fields) => check_fields(schema, fields, path, wrong),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(&schema["items"], item, &format!("{path}[{index}]"), wrong);
            }
        }
        _ => {}
    }
}

/// Whether a text has the form, by the same regular expressions as in rules.
fn matches(pattern: &str, text: &str) -> bool {
    let rule = format!("self.matches('{pattern}')");
    let schema = json!({"type": "string", "x-kubernetes-validations": [{"rule": rule}]});
    kube_cel::Validator::new()
        .validate(&schema, &json!(text), None)
        .is_ok()
}

fn check_fields(schema: &Value, fields: &Map<String, Value>, path: &str, wrong: &mut Vec<String>) {
    for required in schema["required"].as_array().into_iter().flatten() {
        if !fields.contains_key(required.as_str().unwrap()) {
            wrong.push(format!(
                "{path}.{}: required value",
                required.as_str().unwrap()
            ));
        }
    }
    for (name, field) in fields {
        let declared = schema["properties"]
            .get(name)
            .unwrap_or(&schema["additionalProperties"]);
        check(
            declared,
            field,
            format!("{path}.{name}").trim_start_matches('.'),
            wrong,
        );
    }
}

fn check_bounds(schema: &Value, value: &Value, path: &str, wrong: &mut Vec<String>) {
    let (min, max, size) = match value {
        Value::String(text) => ("minLength", "maxLength", json!(text.chars().count())),
        Value::Array(items) => ("minItems", "maxItems", json!(items.len())),
        Value::Object(fields) => ("minProperties", "maxProperties", json!(fields.len())),
        Value::Number(_) => ("minimum", "maximum", value.clone()),
        _ => return,
    };
    let bound = |name: &str| schema[name].as_f64().zip(size.as_f64());
    if bound(min).is_some_and(|(min, size)| size < min) {
        wrong.push(format!("{path}: {size} is below {min}"));
    }
    if bound(max).is_some_and(|(max, size)| size > max) {
        wrong.push(format!("{path}: {size} is above {max}"));
    }
}
