//! Whether a real API server takes the schema, without a warning, and users can read it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::api_server::SCHEMA;

/// Formats that API servers know; others make them warn.
const FORMATS: [&str; 3] = ["int32", "int64", "date-time"];
const TYPES: [&str; 5] = ["object", "array", "string", "integer", "boolean"];
/// Keywords that this schema may use. Anything else needs a look at what makes a schema
/// structural first.
const KEYWORDS: [&str; 20] = [
    "additionalProperties",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minLength",
    "minimum",
    "nullable",
    "pattern",
    "properties",
    "required",
    "type",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
];
/// Most characters in a rule's message that still read as one sentence.
const MAX_MESSAGE_BYTES: usize = 160;

/// Visits every schema with its path: properties, items and values of maps.
fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&Value, &str)) {
    visit(schema, path);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(
            property,
            format!("{path}.{name}").trim_start_matches('.'),
            visit,
        );
    }
    for (keyword, suffix) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[keyword].is_object() {
            walk(&schema[keyword], &format!("{path}{suffix}"), visit);
        }
    }
}

#[test]
fn schema_is_structural() {
    walk(&SCHEMA, "", &mut |schema, path| {
        for keyword in schema.as_object().unwrap().keys() {
            let is_known = KEYWORDS.contains(&keyword.as_str())
                || keyword == "x-kubernetes-validations"
                || path.is_empty() && keyword == "title";
            assert!(is_known, "{path}: `{keyword}`");
        }
        let is_typed = schema["type"]
            .as_str()
            .is_some_and(|type_| TYPES.contains(&type_));
        assert_ne!(
            is_typed,
            schema["x-kubernetes-int-or-string"] == true,
            "{path}: type"
        );
        if let Some(format) = schema.get("format") {
            assert!(
                FORMATS.contains(&format.as_str().unwrap()),
                "{path}: {format}"
            );
        }
        let has_both =
            schema["properties"].is_object() && schema["additionalProperties"].is_object();
        assert!(!has_both, "{path}: fields and a map at once");
        assert_eq!(
            schema["type"] == "array",
            schema["items"].is_object(),
            "{path}: items"
        );
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(
                schema["properties"][required.as_str().unwrap()].is_object(),
                "{path}: {required}"
            );
        }
    });
}

#[test]
fn only_the_whole_status_may_be_null() {
    let mut nullable = Vec::new();
    walk(&SCHEMA, "", &mut |schema, path| {
        if schema["nullable"] == true {
            nullable.push(path.to_owned());
        }
    });
    assert_eq!(nullable, ["status"]);
}

#[test]
fn every_field_is_described_in_sentences() {
    walk(&SCHEMA, "", &mut |schema, path| {
        if path.ends_with("[]") && schema["type"] != "object" || path.ends_with("{}") {
            return;
        }
        let text = schema["description"].as_str().unwrap_or_default();
        assert!(
            text.ends_with('.') && !text.contains('\n'),
            "{path}: {text:?}"
        );
    });
}

#[test]
fn everything_that_users_write_is_bounded() {
    walk(
        &SCHEMA["properties"]["spec"],
        "spec",
        &mut |schema, path| {
            let bound = match schema["type"].as_str() {
                Some("string") if schema["enum"].is_array() => "enum",
                Some("string") | None => "maxLength",
                Some("array") => "maxItems",
                Some("object") if schema["properties"].is_object() => "properties",
                Some("object") => "maxProperties",
                _ => "maximum",
            };
            assert!(!schema[bound].is_null(), "{path} lacks `{bound}`");
        },
    );
}

#[test]
fn rules_compile_are_cheap_and_have_messages() {
    walk(&SCHEMA, "", &mut |schema, path| {
        let compiled = kube_cel::compile_schema(schema);
        assert!(
            !compiled.has_errors(),
            "{path}: {:?}",
            compiled.compilation_errors()
        );
        for rule in schema["x-kubernetes-validations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let text = rule["rule"].as_str().unwrap();
            let warnings = kube_cel::estimate_rule_cost(text, &compiled);
            assert!(warnings.is_empty(), "{path}: {warnings:?}");
            let message = rule["message"].as_str().unwrap_or_default();
            let is_readable = !message.is_empty()
                && message.len() <= MAX_MESSAGE_BYTES
                && !message.ends_with('.');
            assert!(is_readable, "{path}: {message:?}");
        }
    });
}

/// The schema as `kubectl explain --recursive` would show it.
#[test]
fn schema_reads_like_documentation() {
    let mut outline = String::new();
    walk(&SCHEMA, "", &mut |schema, path| {
        if path.is_empty()
            || path.ends_with("[]") && schema["type"] != "object"
            || path.ends_with("{}")
        {
            return;
        }
        let type_ = schema["type"].as_str().unwrap_or("integer or string");
        let description = schema["description"].as_str().unwrap_or("-");
        writeln!(outline, "{path} <{type_}>\n    {description}").unwrap();
    });
    insta::assert_snapshot!(outline);
}
